//! What is repackaged from Debian for the CentOS-like root, and how it must differ to look as CentOS users know it.

use crate::fleet::repository::extra;
use crate::fleet::repository::payload::Payload;

/// One package, made of a Debian package and of those that it needs and the root lacks.
#[derive(Debug)]
pub(crate) struct Product {
    /// Its name.
    pub(crate) name: &'static str,
    /// The Debian package.
    pub(crate) debian: &'static str,
    /// The system user that its installation makes, who owns `owned`.
    pub(crate) user: Option<&'static str>,
    /// Files and folders that only make sense on Debian.
    pub(crate) dropped: &'static [&'static str],
    /// Files that have another path on CentOS.
    pub(crate) moved: &'static [(&'static str, &'static str)],
    /// Links to add, and where they lead.
    pub(crate) linked: &'static [(&'static str, &'static str)],
    /// Words in files that must change: path, old, new.
    pub(crate) edited: &'static [(&'static str, &'static str, &'static str)],
    /// Files that are other ones on CentOS.
    pub(crate) written: &'static [(&'static str, &'static str)],
    /// Folders of the user; the first is its home.
    pub(crate) owned: &'static [&'static str],
    /// Packages of their own on CentOS whose files are in this one: they are empty and require it.
    pub(crate) beside: &'static [&'static str],
}

/// A package that is as Debian has it.
pub(crate) const BARE: Product = Product {
    name: "",
    debian: "",
    user: None,
    dropped: &[],
    moved: &[],
    linked: &[],
    edited: &[],
    written: &[],
    owned: &[],
    beside: &[],
};

/// All of them.
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        name: "nginx",
        debian: "nginx",
        user: Some("nginx"),
        dropped: &[
            "etc/init.d",
            "etc/default",
            "etc/ufw",
            "etc/logrotate.d",
            "etc/nginx/sites-available",
            "etc/nginx/sites-enabled",
            "etc/nginx/modules-available",
            "etc/nginx/modules-enabled",
            "etc/nginx/snippets",
            "var/www",
        ],
        moved: &[],
        linked: &[],
        edited: &[],
        written: &[("etc/nginx/nginx.conf", NGINX_CONF)],
        owned: &["var/lib/nginx", "var/log/nginx"],
        beside: &[],
    },
    Product {
        name: "redis",
        debian: "redis-server",
        user: Some("redis"),
        dropped: &[
            "etc/init.d",
            "etc/default",
            "etc/logrotate.d",
            "usr/lib/systemd/system/redis-server@.service",
        ],
        moved: &[
            ("usr/lib/systemd/system/redis-server.service", "usr/lib/systemd/system/redis.service"),
            ("etc/redis/redis.conf", "etc/redis.conf"),
        ],
        linked: &[],
        edited: &[
            ("usr/lib/systemd/system/redis.service", "/etc/redis/redis.conf", "/etc/redis.conf"),
            ("usr/lib/systemd/system/redis.service", "-/etc/redis", "-/etc"),
            ("usr/lib/systemd/system/redis.service", "Alias=redis.service\n", ""),
        ],
        written: &[],
        owned: &["var/lib/redis", "var/log/redis"],
        beside: &[],
    },
    Product {
        name: "postgresql-server",
        debian: "postgresql-15",
        user: Some("postgres"),
        dropped: &[
            "etc",
            "usr/share/perl5",
            "usr/share/perl",
            "usr/share/postgresql-common",
            "usr/share/postgresql-client-common",
            "usr/share/locale",
            "usr/lib/tmpfiles.d",
            "usr/lib/systemd/system-generators",
            "usr/lib/systemd/system/postgresql@.service",
            "usr/lib/systemd/system/pg_receivewal@.service",
            "usr/lib/systemd/system/ssl-cert.service",
            // The compiler of queries is a package of its own there.
            "usr/lib/postgresql/15/lib/llvmjit.so",
            "usr/lib/postgresql/15/lib/llvmjit_types.bc",
            "usr/lib/postgresql/15/lib/bitcode",
            "usr/lib/x86_64-linux-gnu/libLLVM-14.so.1",
            "usr/lib/aarch64-linux-gnu/libLLVM-14.so.1",
            "usr/lib/llvm-14",
        ],
        moved: &[],
        linked: POSTGRESQL_PROGRAMS,
        edited: &[],
        written: &[("usr/lib/systemd/system/postgresql.service", POSTGRESQL_SERVICE)],
        owned: &["var/lib/pgsql", "var/lib/pgsql/data", "var/lib/pgsql/backups"],
        beside: &["postgresql", "postgresql-contrib"],
    },
    Product {
        name: "git",
        debian: "git",
        user: None,
        dropped: &[
            "etc",
            "var",
            // Nothing that clones is written in Perl.
            "usr/bin/perl",
            "usr/lib/x86_64-linux-gnu/perl",
            "usr/lib/x86_64-linux-gnu/perl5",
            "usr/lib/x86_64-linux-gnu/perl-base",
            "usr/lib/aarch64-linux-gnu/perl",
            "usr/lib/aarch64-linux-gnu/perl5",
            "usr/lib/aarch64-linux-gnu/perl-base",
            "usr/share/perl",
            "usr/share/perl5",
            "usr/share/gitweb",
        ],
        moved: &[],
        linked: &[],
        edited: &[],
        written: &[],
        owned: &[],
        beside: &[],
    },
    Product {
        name: "rsync",
        debian: "rsync",
        user: None,
        dropped: &["etc/init.d", "etc/default"],
        moved: &[("usr/lib/systemd/system/rsync.service", "usr/lib/systemd/system/rsyncd.service")],
        linked: &[],
        edited: &[],
        written: &[],
        owned: &[],
        beside: &[],
    },
    Product { name: "tree", debian: "tree", ..BARE },
    extra::FIREWALLD,
    extra::CHRONY,
];

/// The paths in it are those that roles for CentOS expect: conf.d for what is added, and the user `nginx`.
const NGINX_CONF: &str = "\
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;

    include /etc/nginx/conf.d/*.conf;

    server {
        listen 80;
        listen [::]:80;
        server_name _;
        root /usr/share/nginx/html;
    }
}
";

/// Debian has the programs of each version in a folder of their own; CentOS has one version, and its programs in PATH. They find
/// their libraries by where they really are, so they stay there.
const POSTGRESQL_PROGRAMS: &[(&str, &str)] = &[
    ("usr/bin/createdb", "../lib/postgresql/15/bin/createdb"),
    ("usr/bin/createuser", "../lib/postgresql/15/bin/createuser"),
    ("usr/bin/dropdb", "../lib/postgresql/15/bin/dropdb"),
    ("usr/bin/initdb", "../lib/postgresql/15/bin/initdb"),
    ("usr/bin/pg_basebackup", "../lib/postgresql/15/bin/pg_basebackup"),
    ("usr/bin/pg_controldata", "../lib/postgresql/15/bin/pg_controldata"),
    ("usr/bin/pg_ctl", "../lib/postgresql/15/bin/pg_ctl"),
    ("usr/bin/pg_dump", "../lib/postgresql/15/bin/pg_dump"),
    ("usr/bin/pg_dumpall", "../lib/postgresql/15/bin/pg_dumpall"),
    ("usr/bin/pg_isready", "../lib/postgresql/15/bin/pg_isready"),
    ("usr/bin/pg_restore", "../lib/postgresql/15/bin/pg_restore"),
    ("usr/bin/pg_rewind", "../lib/postgresql/15/bin/pg_rewind"),
    ("usr/bin/postgres", "../lib/postgresql/15/bin/postgres"),
    ("usr/bin/psql", "../lib/postgresql/15/bin/psql"),
];

/// The unit that CentOS has, with its folder of data.
const POSTGRESQL_SERVICE: &str = "\
[Unit]
Description=PostgreSQL database server
After=network-online.target

[Service]
Type=notify
User=postgres
Group=postgres
Environment=PGDATA=/var/lib/pgsql/data
RuntimeDirectory=postgresql
RuntimeDirectoryMode=0755
ExecStart=/usr/bin/postgres -D ${PGDATA}
ExecReload=/bin/kill -HUP $MAINPID
KillMode=mixed
KillSignal=SIGINT
TimeoutSec=0

[Install]
WantedBy=multi-user.target
";

impl Product {
    /// The spec of the package with this payload.
    pub(crate) fn spec(&self, payload: &Payload) -> String {
        let Self { name, debian, .. } = self;
        let (version, dir) = (&payload.version, payload.dir.display());
        let home = self.owned.first().copied().unwrap_or_default();
        let mut spec = format!(
            "Name: {name}\nVersion: {version}\nRelease: 1.el7\nSummary: {name}, from the Debian package {debian}\nLicense: see upstream\n\
             AutoReqProv: no\nRequires: system-release, /bin/sh\n%description\nThe files of the Debian package {debian}.\n\
             %install\ncp -a {dir}/. %{{buildroot}}/\n"
        );
        if let Some(user) = self.user {
            let text = format!(
                "%pre\ngetent group {user} >/dev/null || groupadd --system {user}\n\
                 getent passwd {user} >/dev/null || useradd --system --gid {user} --home-dir /{home} --no-create-home --shell /sbin/nologin {user}\n"
            );
            spec.push_str(&text);
        }
        if !payload.units.is_empty() {
            // systemd reads the unit that was just unpacked, as it would after an installation on CentOS.
            spec.push_str("%post\nsystemctl daemon-reload >/dev/null 2>&1 || :\n");
            // Zero stands for a removal, one for an upgrade; see the scriptlets of rpm-spec(5).
            let units = payload.units.join(" ");
            let text = format!(
                "%preun\nif [ $1 -eq 0 ]; then systemctl --no-reload disable --now {units} >/dev/null 2>&1 || :; fi\n"
            );
            spec.push_str(&text);
            spec.push_str("%postun\nsystemctl daemon-reload >/dev/null 2>&1 || :\n");
        }
        spec.push_str("%files\n");
        for line in payload.files(self) {
            spec.push_str(&line);
            spec.push('\n');
        }
        for beside in self.beside {
            let text = format!(
                "\n%package -n {beside}\nSummary: {beside}, whose files are in {name}\nRequires: {name}\n\
                 %description -n {beside}\nIts files are in {name}.\n%files -n {beside}\n"
            );
            spec.push_str(&text);
        }
        spec
    }
}
