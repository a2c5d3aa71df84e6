# Makes what vendors would have, on a Debian host: packages of nginx.org, the PostgreSQL project, NodeSource and Grafana, signed, for apt
# and for dnf. What runs is real but for Grafana: nginx, PostgreSQL and Node are those of this host, in packages of the vendors' shape.
exec 2>&1
export DEBIAN_FRONTEND=noninteractive GNUPGHOME=/srv/keys
mkdir -p /srv/vendor/needed/partial /srv/vendor/tree /srv/vendors/apt/pool
cd /srv/vendor
apt-get -qq update
apt="apt-get -qq install --yes --no-install-recommends"
# What nginx needs beyond what every host has. Before anything else is installed here.
$apt --download-only -o Dir::Cache::archives=/srv/vendor/needed -- nginx
$apt apt-utils createrepo-c gnupg rpm >/dev/null
apt-get -qq download postgresql-15
machine=$(dpkg --print-architecture) arch=$(uname -m)
codename=$(. /etc/os-release; echo "$VERSION_CODENAME")

install -d -m 0700 $GNUPGHOME
for owner in vendor other; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$owner@example.org" rsa2048 sign never
    gpg --armor --export "$owner@example.org" > /srv/vendors/$owner.asc
done

# deb VENDOR NAME VERSION DEPENDS: a package of what is in tree/NAME.
deb() {
    rm -rf made
    cp -a "tree/$2" made
    mkdir -p made/DEBIAN "/srv/vendors/apt/pool/$1"
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\nDepends: %s\nMaintainer: A <a@example.org>\nDescription: stands for it\n' \
        "$2" "$3" "$machine" "$4" > made/DEBIAN/control
    if [ -e "$2.user" ]; then
        { echo '#!/bin/sh'; cat "$2.user"; } > made/DEBIAN/postinst
        chmod 0755 made/DEBIAN/postinst
    fi
    dpkg-deb -Zgzip -z1 --root-owner-group --build made "/srv/vendors/apt/pool/$1" >/dev/null
}

# rpm FOLDER NAME VERSION REQUIRES: likewise.
rpm() {
    mkdir -p "/srv/vendors/$1"
    (
        cd "tree/$2"
        find . \( -type f -o -type l \) -printf '"/%P"\n'
        find . -mindepth 1 -type d -empty ! -path '*/pgsql/*' -printf '%%dir "/%P"\n'
        find . -path '*/pgsql/*' -printf '%%dir %%attr(0700, postgres, postgres) "/%P"\n'
    ) > files
    {
        printf 'Name: %s\nVersion: %s\nRelease: 1.vendor\nSummary: stands for it\nLicense: see upstream\nAutoReqProv: no\n' "$2" "$3"
        printf 'Requires: %s\nRequires(pre): %s\n%%description\nStands for it.\n%%install\ncp -a /srv/vendor/tree/%s/. %%{buildroot}/\n' "$4" "$4" "$2"
        if [ -e "$2.user" ]; then echo %pre; cat "$2.user"; fi
        printf '%%post\nsystemctl daemon-reload >/dev/null 2>&1 || :\n%%files -f /srv/vendor/files\n'
    } > package.spec
    rpmbuild -bb --quiet --nodeps --define 'debug_package %{nil}' --define '__os_install_post %{nil}' --define '_build_id_links none' \
        --define '_binary_payload w1.gzdio' --define "_rpmdir /srv/vendors/$1" --define '_rpmfilename %%{NAME}-%%{VERSION}.rpm' \
        --define '_topdir /srv/vendor/build' package.spec
}

user() { echo "getent passwd $1 >/dev/null || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin $1" > "$2.user"; }

# nginx.org: a user of its own, and none of the folders that Debian adds.
tree=tree/nginx
mkdir -p $tree/usr/sbin $tree/etc/nginx $tree/usr/lib/systemd/system $tree/var/lib/nginx $tree/var/log/nginx nginx
for package in needed/*.deb; do dpkg-deb --extract "$package" nginx; done
cp nginx/usr/sbin/nginx $tree/usr/sbin/
cp nginx/etc/nginx/mime.types $tree/etc/nginx/
printf 'user nginx;\nevents {}\nhttp { include /etc/nginx/conf.d/*.conf; }\n' > $tree/etc/nginx/nginx.conf
cat > $tree/usr/lib/systemd/system/nginx.service <<'UNIT'
[Unit]
Description=nginx, a web server
After=network-online.target

[Service]
Type=forking
PIDFile=/run/nginx.pid
ExecStart=/usr/sbin/nginx -c /etc/nginx/nginx.conf
ExecReload=/bin/kill -s HUP $MAINPID
ExecStop=/bin/kill -s TERM $MAINPID

[Install]
WantedBy=multi-user.target
UNIT
user nginx nginx
needs=$(dpkg-deb --field needed/nginx_*.deb Depends | sed 's/nginx-common ([^)]*), *//; s/, *nginx-common ([^)]*)//')
deb nginx nginx "1.99.0-1~$codename" "$needs"
rm -rf nginx/usr/sbin nginx/usr/share nginx/etc nginx/var nginx/lib/systemd
[ ! -d nginx/lib ] || { mkdir -p nginx/usr/lib; cp -a nginx/lib/. nginx/usr/lib/; }
[ ! -d nginx/usr/lib ] || cp -a nginx/usr/lib/. $tree/usr/lib/
rpm "nginx/7/$arch" nginx 1.99.0 /bin/sh

# The PostgreSQL project: for apt the same packages with its versions, for dnf other names and other paths.
dpkg-deb --raw-extract postgresql-15_*.deb postgresql
sed -i "s/^Version: .*/Version: 15.99-1.pgdg12+1/" postgresql/DEBIAN/control
mkdir -p /srv/vendors/apt/pool/pgdg
dpkg-deb -Zgzip -z1 --root-owner-group --build postgresql /srv/vendors/apt/pool/pgdg >/dev/null
tree=tree/postgresql15-server
mkdir -p $tree/usr/pgsql-15/bin $tree/usr/lib/systemd/system $tree/var/lib/pgsql/15/data
for program in postgresql/usr/lib/postgresql/15/bin/* psql createdb createuser dropdb pg_basebackup pg_dump pg_dumpall pg_isready pg_restore; do
    ln -sf "/usr/lib/postgresql/15/bin/${program##*/}" $tree/usr/pgsql-15/bin/
done
cat > $tree/usr/lib/systemd/system/postgresql-15.service <<'UNIT'
[Unit]
Description=PostgreSQL 15 database server
After=network-online.target

[Service]
Type=notify
User=postgres
Group=postgres
Environment=PGDATA=/var/lib/pgsql/15/data/
RuntimeDirectory=postgresql
ExecStart=/usr/pgsql-15/bin/postgres -D ${PGDATA}
ExecReload=/bin/kill -HUP $MAINPID
KillMode=mixed
KillSignal=SIGINT

[Install]
WantedBy=multi-user.target
UNIT
# Its user comes with what it requires.
rpm "pgdg/15/redhat/rhel-7-$arch" postgresql15-server 15.99 postgresql-server
mkdir -p tree/postgresql15-contrib/usr/pgsql-15/share/extension
rpm "pgdg/15/redhat/rhel-7-$arch" postgresql15-contrib 15.99 postgresql15-server

# NodeSource: npm comes with it.
tree=tree/nodejs
mkdir -p $tree/usr
tar --extract --directory=$tree/usr --strip-components=1 --file /srv/supplies/node-v*.tar.gz
rm -rf $tree/usr/share
node=$($tree/usr/bin/node --version)
deb nodesource nodejs "${node#v}-1nodesource1" libc6
rpm "nodesource/$arch" nodejs "${node#v}" /bin/sh

# Grafana: a program that reads what it is provisioned with, as the user that Grafana runs as, and tells it.
tree=tree/grafana
mkdir -p $tree/usr/sbin $tree/usr/lib/systemd/system $tree/etc/grafana
cat > $tree/usr/sbin/grafana-server <<'SERVER'
#!/usr/bin/perl
use strict;
use IO::Socket::INET;
sub text { open my $file, '<', $_[0] or die "$_[0]: $!"; local $/; return scalar <$file> }
my $settings = text('/etc/grafana/grafana.ini');
my ($address) = $settings =~ /^http_addr = (.*)$/m;
my ($port) = $settings =~ /^http_port = (.*)$/m;
my $told = text('/etc/grafana/provisioning/datasources/managed.yml') . text('/etc/grafana/provisioning/dashboards/managed.yml');
my $server = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => 5, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
    while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
    my $dashboards = join ' ', map { text($_) =~ /"title": "(.*?)"/ } glob '/etc/grafana/dashboards/*.json';
    print $client "HTTP/1.0 200 OK\r\n\r\n$told\n$dashboards\n";
    close $client;
}
SERVER
chmod 0755 $tree/usr/sbin/grafana-server
cat > $tree/usr/lib/systemd/system/grafana-server.service <<'UNIT'
[Service]
User=grafana
Group=grafana
ExecStart=/usr/sbin/grafana-server

[Install]
WantedBy=multi-user.target
UNIT
user grafana grafana
deb grafana grafana 1 perl-base
rpm grafana grafana 1 /bin/sh

# What they are found by, and whom to believe that.
cd /srv/vendors/apt
while read -r vendor suite component; do
    folder=dists/$suite/$component/binary-$machine
    mkdir -p "$folder"
    apt-ftparchive packages "pool/$vendor" > "$folder/Packages"
    apt-ftparchive -o "APT::FTPArchive::Release::Suite=$suite" -o "APT::FTPArchive::Release::Codename=$suite" \
        -o "APT::FTPArchive::Release::Components=$component" -o "APT::FTPArchive::Release::Architectures=$machine" \
        release "dists/$suite" > /srv/vendor/Release
    gpg --batch --quiet --local-user vendor@example.org --clearsign --output "dists/$suite/InRelease" /srv/vendor/Release
done <<SUITES
nginx $codename nginx
pgdg $codename-pgdg main
nodesource nodistro main
grafana stable main
SUITES
cd /srv/vendors
find . -name '*.rpm' -exec rpmsign --addsign --define '__gpg /usr/bin/gpg' --define '_gpg_name vendor@example.org' {} + >/dev/null
for folder in "nginx/7/$arch" "pgdg/15/redhat/rhel-7-$arch" "nodesource/$arch" grafana; do
    createrepo_c --quiet --general-compress-type=gz "$folder"
done
gpgconf --kill all
chmod -R u=rwX,go=rX /srv/vendors
tar --create --directory=/srv/vendors --file=/srv/vendors.tar .
