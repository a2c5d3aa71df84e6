//! Filters that digest and encode: `hash`, `password_hash`, `to_uuid`, `b64encode`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::template::args::Given;
use crate::template::codec;
use crate::template::eval::Machine;
use crate::template::passwords;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("hash", FilterFn::new(hash)),
    ("md5", FilterFn::new(|_, given| fixed(given, "md5"))),
    ("sha1", FilterFn::new(|_, given| fixed(given, "sha1"))),
    ("checksum", FilterFn::new(|_, given| fixed(given, "sha1"))),
    ("password_hash", FilterFn::new(password_hash)),
    ("to_uuid", FilterFn::new(to_uuid)),
    ("b64encode", FilterFn::new(b64encode)),
    ("b64decode", FilterFn::new(b64decode)),
];

/// The namespace that Ansible makes UUIDs in.
const NAMESPACE: &str = "361e6d51-faec-444a-9079-341386da8e2e";

fn hash(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let data = bytes(&given.value("data")?)?;
    let kind = given.optional_text("hashtype")?.unwrap_or_else(|| "sha1".to_owned());
    given.finish()?;
    digest(&data, &kind).map(Value::from)
}

fn fixed(mut given: Given, kind: &str) -> Result<Value, Stop> {
    let data = bytes(&given.value("data")?)?;
    given.finish()?;
    digest(&data, kind).map(Value::from)
}

fn bytes(value: &Value) -> Result<Vec<u8>, Stop> {
    match value {
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        other => Ok(text(other)?.into_bytes()),
    }
}

/// A digest in hexadecimal digits.
pub(crate) fn digest(data: &[u8], kind: &str) -> Result<String, Stop> {
    use sha2::Digest as _;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(match kind.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => hex(&md5::Md5::digest(data)),
        "sha1" => hex(&sha1::Sha1::digest(data)),
        "sha224" => hex(&sha2::Sha224::digest(data)),
        "sha256" => hex(&sha2::Sha256::digest(data)),
        "sha384" => hex(&sha2::Sha384::digest(data)),
        "sha512" => hex(&sha2::Sha512::digest(data)),
        _ => {
            return Err(Stop::argument(format!("there is no digest `{kind}`"))
                .help("known are md5, sha1, sha224, sha256, sha384 and sha512"));
        }
    })
}

/// `password | password_hash(hashtype, salt, salt_size, rounds, ident)`
fn password_hash(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let password = given.text("password")?;
    let kind = given.optional_text("hashtype")?.unwrap_or_else(|| "sha512".to_owned());
    let salt = given.optional_text("salt")?;
    let salt_size = given.optional_int("salt_size")?;
    let rounds = given.optional_int("rounds")?;
    given.optional("ident")?;
    given.finish()?;
    let rounds = rounds.map(|rounds| {
        u32::try_from(rounds).map_err(|_| Stop::argument("`rounds` is out of range"))
    });
    passwords::hash(&password, &kind, salt.as_deref(), salt_size, rounds.transpose()?)
        .map(Value::from)
}

/// `text | to_uuid(namespace)`
fn to_uuid(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let name = given.text("string")?;
    let namespace = given.optional_text("namespace")?.unwrap_or_else(|| NAMESPACE.to_owned());
    given.finish()?;
    let Ok(namespace) = uuid::Uuid::parse_str(&namespace) else {
        return Err(Stop::argument(format!("`{namespace}` is no UUID")));
    };
    Ok(uuid::Uuid::new_v5(&namespace, name.as_bytes()).to_string().into())
}

fn b64encode(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("string")?;
    let encoding = given.optional_text("encoding")?.unwrap_or_else(|| "utf-8".to_owned());
    let urlsafe = given.flag("urlsafe", false)?;
    given.finish()?;
    let data = match &value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => codec::encode(&text(other)?, &encoding)?,
    };
    let engine = if urlsafe {
        base64::engine::general_purpose::URL_SAFE
    } else {
        base64::engine::general_purpose::STANDARD
    };
    Ok(engine.encode(data).into())
}

/// Decodes as Python does: what is no digit is skipped, the padding must be there.
fn b64decode(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.text("string")?;
    let encoding = given.optional_text("encoding")?.unwrap_or_else(|| "utf-8".to_owned());
    let urlsafe = given.flag("urlsafe", false)?;
    given.finish()?;
    let value = if urlsafe { value.replace('-', "+").replace('_', "/") } else { value };
    let digits: String = value
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
        .collect();
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    match GeneralPurpose::new(&alphabet::STANDARD, config).decode(&digits) {
        Ok(bytes) => codec::decode(&bytes, &encoding).map(Value::from),
        Err(error) => Err(Stop::value(format!("this is no base64: {error}"))),
    }
}
