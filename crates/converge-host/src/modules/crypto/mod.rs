//! `community.crypto`: keys, requests and certificates.
//!
//! Private keys are made by programs of the host and stay there. What is public (requests, certificates) is read and put together
//! here, and a key only signs it: so plans can say what is in a certificate, and the same is done with every version of OpenSSL.

mod arguments;
pub(crate) mod certificate;
pub(crate) mod csr;
pub(crate) mod dhparam;
mod extensions;
pub(crate) mod get_certificate;
mod kept;
mod key;
pub(crate) mod keypair;
mod names;
mod oid;
pub(crate) mod privatekey;
pub(crate) mod publickey;
mod request;
#[cfg(test)]
mod tests;
mod times;
