//! `derive(Choice)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, LitStr, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(body) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Choice is derived for enums"));
    };
    let mut words = Vec::new();
    let mut arms = Vec::new();
    for variant in &body.variants {
        let ident = &variant.ident;
        let mut name = snake(&ident.to_string());
        let mut aliases = Vec::new();
        for attribute in
            variant.attrs.iter().filter(|attribute| attribute.path().is_ident("choice"))
        {
            if let Ok(text) = attribute.parse_args::<LitStr>() {
                name = text.value();
                continue;
            }
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("alias") {
                    aliases.push(meta.value()?.parse::<LitStr>()?.value());
                    return Ok(());
                }
                Err(meta.error("known here: \"name\", alias = \"…\""))
            })?;
        }
        let all: Vec<_> = std::iter::once(name).chain(aliases).collect();
        arms.push(quote! { #(#all)|* => ::core::option::Option::Some(Self::#ident), });
        words.extend(all);
    }
    let ident = &input.ident;
    Ok(quote! {
        impl crate::args::Choice for #ident {
            const WORDS: &'static [&'static str] = &[#(#words),*];

            fn from_word(word: &str) -> ::core::option::Option<Self> {
                match word { #(#arms)* _ => ::core::option::Option::None }
            }
        }

        impl crate::args::ArgValue for #ident {
            const KIND: crate::args::Kind = crate::args::Kind::Choice(<Self as crate::args::Choice>::WORDS);

            fn from_data(data: crate::data::Data) -> ::core::result::Result<Self, ::std::string::String> {
                let word = <::std::string::String as crate::args::ArgValue>::from_data(data)?;
                <Self as crate::args::Choice>::from_word(&word).ok_or(word)
            }
        }
    })
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}
