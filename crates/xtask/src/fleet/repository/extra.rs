//! Further packages of the CentOS-like root: what looks after hosts, and what CentOS users have from EPEL.

use crate::fleet::repository::products::{BARE, Product};

/// The interpreter that CentOS has for its own programs.
const PYTHON: (&str, &str) = ("#!/usr/bin/python3", "#!/usr/libexec/platform-python");

/// Firewalld, with the tables of the kernel.
pub(crate) const FIREWALLD: Product = Product {
    name: "firewalld",
    debian: "firewalld",
    dropped: &[
        "etc/init.d",
        "etc/default",
        "etc/logrotate.d",
        // Nobody but root asks it, and who would answer for others is made by scripts of Debian.
        "etc/polkit-1",
        "etc/pam.d",
        "usr/share/polkit-1",
        "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service",
        "usr/lib/polkit-1",
        "usr/lib/sysusers.d",
        "usr/lib/tmpfiles.d",
        "usr/lib/systemd/system/polkit.service",
    ],
    edited: &[
        ("usr/sbin/firewalld", PYTHON.0, PYTHON.1),
        ("usr/bin/firewall-cmd", PYTHON.0, PYTHON.1),
        ("usr/bin/firewall-offline-cmd", PYTHON.0, PYTHON.1),
    ],
    ..BARE
};

/// What keeps the clock, with its paths and its unit as CentOS has them.
pub(crate) const CHRONY: Product = Product {
    name: "chrony",
    debian: "chrony",
    user: Some("chrony"),
    dropped: &[
        "etc/init.d",
        "etc/default",
        "etc/logrotate.d",
        "etc/apparmor.d",
        "etc/dhcp",
        "etc/ppp",
        "etc/NetworkManager",
        "etc/chrony",
        "etc/network",
        "usr/lib/NetworkManager",
        "usr/lib/networkd-dispatcher",
        "usr/libexec/chrony",
        "usr/lib/systemd/system/chrony-wait.service",
        "usr/lib/systemd/system/chrony-dnssrv@.service",
        "usr/lib/systemd/system/chrony-dnssrv@.timer",
        "usr/lib/systemd/system/chrony.service",
        "usr/share/chrony",
        "var/lib/chrony",
        "var/log/chrony",
    ],
    written: &[
        ("etc/chrony.conf", "pool 2.centos.pool.ntp.org iburst\ndriftfile /var/lib/chrony/drift\n"),
        ("usr/lib/systemd/system/chronyd.service", CHRONYD),
    ],
    owned: &["var/lib/chrony"],
    ..BARE
};

const CHRONYD: &str = "\
[Unit]
Description=NTP client/server
After=network.target
Conflicts=ntpd.service systemd-timesyncd.service
ConditionCapability=CAP_SYS_TIME

[Service]
Type=forking
PIDFile=/run/chrony/chronyd.pid
EnvironmentFile=-/etc/sysconfig/chronyd
ExecStart=/usr/sbin/chronyd -f /etc/chrony.conf -u chrony $OPTIONS

[Install]
WantedBy=multi-user.target
";

/// What comes from EPEL.
pub(crate) const EPEL: &[Product] = &[
    Product {
        name: "certbot",
        debian: "certbot",
        dropped: &["etc/cron.d", "etc/logrotate.d"],
        moved: &[
            (
                "usr/lib/systemd/system/certbot.service",
                "usr/lib/systemd/system/certbot-renew.service",
            ),
            ("usr/lib/systemd/system/certbot.timer", "usr/lib/systemd/system/certbot-renew.timer"),
        ],
        edited: &[("usr/bin/certbot", PYTHON.0, PYTHON.1)],
        ..BARE
    },
    Product { name: "restic", debian: "restic", ..BARE },
];

/// Packages that are written here: their names, and their specs.
pub(crate) const SPECS: [(&str, &str); 2] =
    [("dnf-automatic", DNF_AUTOMATIC), ("yum-cron", YUM_CRON)];

/// What installs updates by itself; what it runs is in the root with dnf.
const DNF_AUTOMATIC: &str = r"
Name: dnf-automatic
Version: 4.14.0
Release: 1.el8
Summary: Installs updates by itself
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
Installs updates by itself.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/dnf %{buildroot}/usr/lib/systemd/system
cat > %{buildroot}/usr/bin/dnf-automatic <<'END'
#!/usr/libexec/platform-python
import sys
import dnf.automatic.main
sys.exit(dnf.automatic.main.main(sys.argv[1:]))
END
chmod 0755 %{buildroot}/usr/bin/dnf-automatic
cat > %{buildroot}/etc/dnf/automatic.conf <<'END'
[commands]
# default: all of them; security: those that concern it
upgrade_type = default
random_sleep = 0
download_updates = yes
apply_updates = no

[emitters]
emit_via = stdio
END
cat > %{buildroot}/usr/lib/systemd/system/dnf-automatic.service <<'END'
[Unit]
Description=Updates that install themselves

[Service]
Type=oneshot
ExecStart=/usr/bin/dnf-automatic /etc/dnf/automatic.conf --timer
END
cat > %{buildroot}/usr/lib/systemd/system/dnf-automatic.timer <<'END'
[Unit]
Description=Updates that install themselves, every day

[Timer]
OnCalendar=*-*-* 6:00
RandomizedDelaySec=60m
Persistent=true

[Install]
WantedBy=timers.target
END
%post
systemctl daemon-reload >/dev/null 2>&1 || :
%files
/usr/bin/dnf-automatic
%config(noreplace) /etc/dnf/automatic.conf
/usr/lib/systemd/system/dnf-automatic.service
/usr/lib/systemd/system/dnf-automatic.timer
";

/// What CentOS 7 has for it: the settings and the unit, and nothing that would read them.
const YUM_CRON: &str = r"
Name: yum-cron
Version: 3.4.3
Release: 1.el7
Summary: Stands for what installs updates by itself
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
Stands for what installs updates by itself.
%install
mkdir -p %{buildroot}/etc/yum %{buildroot}/usr/lib/systemd/system
cat > %{buildroot}/etc/yum/yum-cron.conf <<'END'
[commands]
update_cmd = default
update_messages = yes
download_updates = yes
apply_updates = no
random_sleep = 360
END
cat > %{buildroot}/usr/lib/systemd/system/yum-cron.service <<'END'
[Unit]
Description=Updates that install themselves, every day

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/touch /run/yum-cron

[Install]
WantedBy=multi-user.target
END
%post
systemctl daemon-reload >/dev/null 2>&1 || :
%files
%config(noreplace) /etc/yum/yum-cron.conf
/usr/lib/systemd/system/yum-cron.service
";
