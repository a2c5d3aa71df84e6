# Adds to the world outside a mirror of the source of a Ruby, as Debian has it, and a definition of ruby-build that asks for it.
exec 2>&1
export DEBIAN_FRONTEND=noninteractive
sed 's/^Types: .*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > /etc/apt/sources.list.d/source.sources
apt-get -qq update
apt-get -qq install --yes --no-install-recommends git xz-utils >/dev/null
mkdir -p /srv/source /srv/supplies/mirror
cd /srv/source
apt-get -qq source --download-only "ruby3.1/$(. /etc/os-release; echo $VERSION_CODENAME)"
xz --decompress --stdout ruby3.1_*.orig.tar.xz | gzip -1 > ruby.tar.gz
version=$(tar --list --file=ruby.tar.gz | sed -n '1s,^ruby-\([0-9.]*\)/.*,\1,p')
digits=$(sha256sum < ruby.tar.gz | cut -d' ' -f1)
# A mirror has files by their digest.
cp ruby.tar.gz /srv/supplies/mirror/$digits
git clone --quiet /srv/supplies/ruby-build.git build
cd build
echo "install_package \"ruby-$version\" \"https://sources.invalid/ruby-$version.tar.gz#$digits\" enable_shared standard" > share/ruby-build/$version-mirrored
git add --all
git -c user.name=world -c user.email=world@example.org commit --quiet --message "a Ruby of the mirror"
git push --quiet origin HEAD
git -C /srv/supplies/ruby-build.git update-server-info
chmod -R u=rwX,go=rX /srv/supplies
echo "== $version $(git rev-parse HEAD)"
