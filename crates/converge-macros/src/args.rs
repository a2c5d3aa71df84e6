//! `derive(Args)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Error, Expr, Field, Fields, LitStr, Result, Token, parenthesized};

use crate::docs;

#[derive(Default)]
struct Module {
    name: String,
    collection: Option<String>,
    aliases: Vec<String>,
    free_form: Option<String>,
    rules: Vec<(&'static str, Vec<LitStr>)>,
}

#[derive(Default)]
struct Options {
    name: Option<String>,
    aliases: Vec<String>,
    default: Option<String>,
    kind: Option<TokenStream>,
    shared: bool,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(body) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Args is derived for structs"));
    };
    let fields: Vec<&Field> = match &body.fields {
        Fields::Named(named) => named.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => return Err(Error::new_spanned(fields, "arguments need names")),
    };
    let module = module(input)?;
    let (mut args, mut shared, mut reads, mut names) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for field in &fields {
        let options = options(field)?;
        let (ident, ty) = (&field.ident, &field.ty);
        if options.shared {
            shared.push(quote! { <#ty as crate::args::Args>::ARGS });
            reads.push(quote! { #ident: <#ty as crate::args::Args>::read(bound)?, });
            continue;
        }
        let name = options
            .name
            .clone()
            .unwrap_or_else(|| ident.as_ref().map(ToString::to_string).unwrap_or_default());
        args.push(argument(field, &options, &name));
        reads.push(quote! { #ident: bound.take(#name)?, });
        names.push(name);
    }
    let rules = rules(&module, &names, !shared.is_empty())?;
    let doc = docs(&input.attrs);
    let ident = &input.ident;
    let Module { name, aliases, .. } = &module;
    let collection = module.collection.as_deref().unwrap_or("ansible.builtin");
    let free_form = option(module.free_form.as_deref());
    let construct = if matches!(body.fields, Fields::Unit) {
        quote! { Self }
    } else {
        quote! { Self { #(#reads)* } }
    };
    Ok(quote! {
        impl crate::args::Args for #ident {
            const SPEC: &'static crate::args::Spec = &crate::args::Spec {
                name: #name,
                collection: #collection,
                aliases: &[#(#aliases),*],
                doc: if cfg!(feature = "docs") { #doc } else { "" },
                free_form: #free_form,
                args: <Self as crate::args::Args>::ARGS,
                shared: &[#(#shared),*],
                rules: &[#(#rules),*],
            };
            const ARGS: &'static [crate::args::Arg] = &[#(#args),*];

            fn read(bound: &mut crate::args::Bound) -> ::core::result::Result<Self, crate::args::Invalid> {
                let _ = &bound;
                ::core::result::Result::Ok(#construct)
            }
        }
    })
}

fn argument(field: &Field, options: &Options, name: &str) -> TokenStream {
    let ty = &field.ty;
    let doc = docs(&field.attrs);
    let aliases = &options.aliases;
    let kind =
        options.kind.clone().unwrap_or_else(|| quote! { <#ty as crate::args::ArgValue>::KIND });
    let required = options.default.is_none() && !is_option(ty);
    let default = option(options.default.as_deref());
    quote! {
        crate::args::Arg {
            name: #name,
            aliases: &[#(#aliases),*],
            kind: #kind,
            required: #required,
            default: #default,
            doc: if cfg!(feature = "docs") { #doc } else { "" },
        }
    }
}

fn module(input: &DeriveInput) -> Result<Module> {
    let mut module = Module::default();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("module")) {
        attribute.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match word.as_str() {
                "name" => module.name = text(&meta)?,
                "collection" => module.collection = Some(text(&meta)?),
                "alias" => module.aliases.push(text(&meta)?),
                "free_form" => module.free_form = Some(text(&meta)?),
                "exclusive" => module.rules.push(("Exclusive", words(&meta)?)),
                "one_of" => module.rules.push(("OneOf", words(&meta)?)),
                "together" => module.rules.push(("Together", words(&meta)?)),
                "required_if" => module.rules.push(("RequiredIf", words(&meta)?)),
                _ => {
                    return Err(meta.error(
                        "known here: name, collection, alias, free_form, exclusive(…), one_of(…), together(…), required_if(…)",
                    ));
                }
            }
            Ok(())
        })?;
    }
    Ok(module)
}

fn options(field: &Field) -> Result<Options> {
    let mut options = Options::default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        attribute.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match word.as_str() {
                "name" => options.name = Some(text(&meta)?),
                "alias" => options.aliases.push(text(&meta)?),
                "default" => options.default = Some(text(&meta)?),
                "shared" => options.shared = true,
                "upload" => options.kind = Some(quote! { crate::args::Kind::Upload }),
                "rendered" => options.kind = Some(quote! { crate::args::Kind::Rendered }),
                "path" => options.kind = Some(quote! { crate::args::Kind::Path }),
                "kind" => {
                    let kind: Expr = meta.value()?.parse()?;
                    options.kind = Some(quote! { #kind });
                }
                _ => {
                    return Err(meta.error(
                        "known here: name, alias, default, shared, upload, rendered, path, kind",
                    ));
                }
            }
            Ok(())
        })?;
    }
    Ok(options)
}

/// A rule may name only what is an argument; where shared arguments are taken in, their names can't be seen from here.
fn rules(module: &Module, names: &[String], shares: bool) -> Result<Vec<TokenStream>> {
    let check = |word: &LitStr| {
        if shares || names.contains(&word.value()) {
            return Ok(());
        }
        Err(Error::new_spanned(
            word,
            format!("no argument is called `{}`; there are: {}", word.value(), names.join(", ")),
        ))
    };
    let mut out = Vec::new();
    for (rule, words) in &module.rules {
        let variant = syn::Ident::new(rule, proc_macro2::Span::call_site());
        if *rule == "RequiredIf" {
            let [key, value, needs @ ..] = words.as_slice() else {
                return Err(Error::new_spanned(
                    &words[0],
                    "required_if takes a key, its value, and what is then needed",
                ));
            };
            check(key)?;
            needs.iter().try_for_each(check)?;
            out.push(quote! { crate::args::Rule::RequiredIf(#key, #value, &[#(#needs),*]) });
        } else {
            words.iter().try_for_each(check)?;
            out.push(quote! { crate::args::Rule::#variant(&[#(#words),*]) });
        }
    }
    Ok(out)
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn words(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    parenthesized!(content in meta.input);
    let words: Vec<LitStr> =
        Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect();
    if words.is_empty() { Err(meta.error("names of arguments are missing")) } else { Ok(words) }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote! { ::core::option::Option::Some(#text) },
        None => quote! { ::core::option::Option::None },
    }
}

fn is_option(ty: &syn::Type) -> bool {
    let syn::Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
}
