//! What the firmware says of the machine: SMBIOS, by the kernel's files.

use crate::data::{Data, Map};
use crate::modules::setup::read::{Reader, or_na};

const FOLDER: &str = "/sys/devices/virtual/dmi/id";

/// Facts and the files that they are in.
const FILES: &[(&str, &str)] = &[
    ("bios_date", "bios_date"),
    ("bios_vendor", "bios_vendor"),
    ("bios_version", "bios_version"),
    ("board_asset_tag", "board_asset_tag"),
    ("board_name", "board_name"),
    ("board_serial", "board_serial"),
    ("board_vendor", "board_vendor"),
    ("board_version", "board_version"),
    ("chassis_asset_tag", "chassis_asset_tag"),
    ("chassis_serial", "chassis_serial"),
    ("chassis_vendor", "chassis_vendor"),
    ("chassis_version", "chassis_version"),
    ("product_name", "product_name"),
    ("product_serial", "product_serial"),
    ("product_uuid", "product_uuid"),
    ("product_version", "product_version"),
    ("system_vendor", "sys_vendor"),
];

/// The types of chassis by number: DSP0134, table "System Enclosure or Chassis Types".
const FORMS: &[&str] = &[
    "Unknown",
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All In One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    for (fact, file) in FILES {
        facts.insert((*fact).to_owned(), or_na(read.word(format!("{FOLDER}/{file}"))));
    }
    let form = read.word(format!("{FOLDER}/chassis_type")).map(|number| {
        let at = number.parse::<usize>().ok();
        at.and_then(|at| FORMS.get(at)).map_or(format!("unknown ({number})"), ToString::to_string)
    });
    facts.insert("form_factor".into(), Data::Str(form.unwrap_or_else(|| "NA".into())));
}
