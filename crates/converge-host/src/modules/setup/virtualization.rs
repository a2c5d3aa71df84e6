//! Whether the host is a container or a virtual machine, or carries any.

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

/// What was found, surest first: the first one names the type and the role.
#[derive(Default)]
struct Found {
    first: Option<(String, &'static str)>,
    guest: Vec<String>,
    host: Vec<String>,
}

/// Names of products and the techniques that they are guests of.
const PRODUCTS: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("KVM Server", "kvm"),
    ("Bochs", "kvm"),
    ("AHV", "kvm"),
    ("RHEV Hypervisor", "RHEV"),
    ("VMware Virtual Platform", "VMware"),
    ("VMware7,1", "VMware"),
    ("VMware20,1", "VMware"),
    ("OpenStack Compute", "openstack"),
    ("OpenStack Nova", "openstack"),
];

/// The same of vendors of the system.
const VENDORS: &[(&str, &str)] = &[
    ("QEMU", "kvm"),
    ("oVirt", "kvm"),
    ("Amazon EC2", "kvm"),
    ("DigitalOcean", "kvm"),
    ("Google", "kvm"),
    ("Scaleway", "kvm"),
    ("Nutanix", "kvm"),
    ("KubeVirt", "KubeVirt"),
    ("Hetzner", "kvm"),
    ("Parallels Software International Inc.", "parallels"),
    ("Parallels International GmbH.", "parallels"),
    ("OpenStack Foundation", "openstack"),
];

const DMI: &str = "/sys/devices/virtual/dmi/id";

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let mut found = Found::default();
    containers(read, &mut found);
    machines(read, &mut found);
    hosts(read, &mut found);
    let (kind, role) = found.first.unwrap_or_else(|| ("NA".into(), "NA"));
    facts.insert("virtualization_type".into(), Data::Str(kind));
    facts.insert("virtualization_role".into(), role.into());
    facts.insert("virtualization_tech_guest".into(), found.guest.into());
    facts.insert("virtualization_tech_host".into(), found.host.into());
}

impl Found {
    fn guest(&mut self, technique: &str) {
        self.first.get_or_insert_with(|| (technique.to_owned(), "guest"));
        if !self.guest.iter().any(|known| known == technique) {
            self.guest.push(technique.to_owned());
        }
    }

    fn host(&mut self, technique: &str) {
        self.first.get_or_insert_with(|| (technique.to_owned(), "host"));
        if !self.host.iter().any(|known| known == technique) {
            self.host.push(technique.to_owned());
        }
    }
}

fn containers(read: &Reader<'_>, found: &mut Found) {
    let mut any = false;
    let mut container = |found: &mut Found, technique: &str| {
        found.guest(technique);
        any = true;
    };
    for line in read.text("/proc/1/cgroup").unwrap_or_default().lines() {
        if line.contains("/docker/") || line.contains("/docker-") {
            container(found, "docker");
        } else if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            container(found, "lxc");
        } else if line.contains("/system.slice/containerd.service") {
            container(found, "containerd");
        }
    }
    if read.exists("/.dockerenv") || read.exists("/.dockerinit") {
        container(found, "docker");
    }
    let environment = read.text("/proc/1/environ").unwrap_or_default();
    match environment.split('\0').find_map(|entry| entry.strip_prefix("container=")) {
        Some("lxc") => container(found, "lxc"),
        Some("podman") => container(found, "podman"),
        Some(other) if !other.is_empty() => container(found, "container"),
        _ => {}
    }
    if let Some(manager) = read.some_word("/run/systemd/container") {
        container(found, &manager);
    }
    if read.exists("/proc/vz") && !read.exists("/proc/lve") {
        if read.exists("/proc/bc") {
            found.host("openvz");
        } else {
            container(found, "openvz");
        }
    }
    if any && !found.guest.iter().any(|known| known == "container") {
        found.guest.push("container".into());
    }
}

fn machines(read: &Reader<'_>, found: &mut Found) {
    if read.exists("/proc/xen") {
        let control = read.text("/proc/xen/capabilities").unwrap_or_default();
        if control.contains("control_d") { found.host("xen") } else { found.guest("xen") }
    }
    let dmi = |name: &str| read.some_word(format!("{DMI}/{name}")).unwrap_or_default();
    let (product, vendor, bios) = (dmi("product_name"), dmi("sys_vendor"), dmi("bios_vendor"));
    if let Some((_, technique)) = PRODUCTS.iter().find(|(name, _)| *name == product) {
        found.guest(technique);
    }
    match bios.as_str() {
        "Xen" => found.guest("xen"),
        "innotek GmbH" => found.guest("virtualbox"),
        "Amazon EC2" | "DigitalOcean" | "Hetzner" => found.guest("kvm"),
        _ => {}
    }
    if vendor == "Microsoft Corporation" && product == "Virtual Machine" {
        found.guest("VirtualPC");
    }
    if vendor == "innotek GmbH" {
        found.guest("virtualbox");
    }
    if let Some((_, technique)) = VENDORS.iter().find(|(name, _)| *name == vendor) {
        found.guest(technique);
    }
    if read.word("/sys/hypervisor/type").as_deref() == Some("xen") && !read.exists("/proc/xen") {
        found.guest("xen");
    }
    if read.text("/proc/self/status").unwrap_or_default().contains("\nVxID:") {
        found.guest("linux_vserver");
    }
    let cpu = read.text("/proc/cpuinfo").unwrap_or_default();
    for (words, technique) in [
        ("QEMU Virtual CPU", "kvm"),
        ("User Mode Linux", "uml"),
        ("vendor_id : PowerVM Lx86", "powervm_lx86"),
    ] {
        if cpu.contains(words) {
            found.guest(technique);
        }
    }
    if cpu.contains("machine") && read.text("/proc/sysinfo").unwrap_or_default().contains("z/VM") {
        found.guest("PR/SM");
    }
}

fn hosts(read: &Reader<'_>, found: &mut Found) {
    let modules = read.text("/proc/modules").unwrap_or_default();
    let loaded = |name: &str| modules.lines().any(|line| line.split(' ').next() == Some(name));
    if loaded("kvm") || read.exists("/dev/kvm") {
        found.host("kvm");
    }
    if loaded("vboxdrv") {
        found.host("virtualbox");
    }
    if loaded("virtio") {
        found.guest("kvm");
    }
}
