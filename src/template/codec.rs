//! Text as bytes in the encodings that Ansible content names.

use crate::value::Stop;

/// Text in an encoding.
pub(crate) fn encode(text: &str, encoding: &str) -> Result<Vec<u8>, Stop> {
    let limited = |limit: u32, name: &str| {
        text.chars()
            .map(|character| {
                u8::try_from(u32::from(character)).ok().filter(|byte| u32::from(*byte) < limit)
            })
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(|| Stop::value(format!("the text holds characters that {name} has not")))
    };
    match canonical(encoding).as_str() {
        "utf8" => Ok(text.as_bytes().to_vec()),
        "ascii" | "usascii" => limited(0x80, "ASCII"),
        "latin1" | "iso88591" => limited(0x100, "Latin-1"),
        "utf16le" => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf16be" => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "utf16" => {
            Ok([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
        }
        _ => Err(unknown(encoding)),
    }
}

/// Bytes in an encoding as text.
pub(crate) fn decode(bytes: &[u8], encoding: &str) -> Result<String, Stop> {
    let invalid = || Stop::value(format!("the bytes are no text in {encoding}"));
    let units = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| invalid())
    };
    match canonical(encoding).as_str() {
        "utf8" => String::from_utf8(bytes.to_vec()).map_err(|_| invalid()),
        "ascii" | "usascii" if bytes.is_ascii() => {
            String::from_utf8(bytes.to_vec()).map_err(|_| invalid())
        }
        "ascii" | "usascii" => Err(invalid()),
        "latin1" | "iso88591" => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        "utf16le" => units(u16::from_le_bytes, bytes),
        "utf16be" => units(u16::from_be_bytes, bytes),
        "utf16" => match bytes {
            [0xfe, 0xff, rest @ ..] => units(u16::from_be_bytes, rest),
            [0xff, 0xfe, rest @ ..] => units(u16::from_le_bytes, rest),
            other => units(u16::from_le_bytes, other),
        },
        _ => Err(unknown(encoding)),
    }
}

fn canonical(encoding: &str) -> String {
    encoding
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

fn unknown(encoding: &str) -> Stop {
    Stop::argument(format!("the encoding `{encoding}` is not known"))
        .help("known are utf-8, utf-16, utf-16-le, utf-16-be, ascii and latin-1")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn texts_survive_the_way_there_and_back() {
        for encoding in ["utf-8", "UTF_16", "utf-16-le", "utf-16-be", "latin-1"] {
            assert_eq!(
                decode(&encode("größe", encoding).unwrap(), encoding).unwrap(),
                "größe",
                "{encoding}"
            );
        }
        assert!(encode("ö", "ascii").is_err());
        assert!(encode("ö", "klingon").is_err());
        assert_eq!(encode("ab", "utf-16-le").unwrap(), b"a\0b\0");
    }
}
