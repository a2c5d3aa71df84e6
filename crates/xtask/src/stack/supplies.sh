# Makes what the world outside has, on a bare Debian host: a built Ruby, and repositories of git.
exec 2>&1
export DEBIAN_FRONTEND=noninteractive GIT_CONFIG_GLOBAL=/srv/gitconfig
export GIT_AUTHOR_DATE=2025-01-01T00:00:00Z GIT_COMMITTER_DATE=2025-01-01T00:00:00Z
mkdir -p /srv/supplies /srv/debs/partial /srv/ruby/new/bin /srv/ruby/new/gems/bin
cd /srv
apt-get -qq update
apt="apt-get -qq install --yes --no-install-recommends"
# Ruby and its packages, with what they need beyond what every host has. Before anything else is installed here.
$apt --download-only -o Dir::Cache::archives=/srv/debs -- bundler puma ruby-pg ruby-sidekiq
$apt git >/dev/null

ruby=/srv/ruby/new
for deb in /srv/debs/*.deb; do dpkg-deb --extract "$deb" $ruby; done
rm -rf $ruby/usr/share/doc $ruby/usr/share/man $ruby/usr/share/javascript $ruby/usr/share/fonts
cat > $ruby/bin/ruby <<'RUBY'
#!/bin/sh
# Ruby, wherever this folder lies.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
usr=$here/usr
for libraries in "$usr"/lib/*-linux-gnu; do :; done
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
api=3.1.0
export RUBYLIB="$usr/lib/ruby/vendor_ruby/$api:$libraries/ruby/vendor_ruby/$api:$usr/lib/ruby/vendor_ruby:$usr/lib/ruby/$api:$libraries/ruby/$api"
packages=$usr/share/rubygems-integration
export GEM_HOME="$here/gems" GEM_PATH="$here/gems:$packages/all:$packages/$api:$libraries/rubygems-integration/$api:$usr/lib/ruby/gems/$api"
exec "$usr/bin/ruby3.1" "$@"
RUBY
chmod 0755 $ruby/bin/ruby
for program in bundle bundler gem puma rackup rake sidekiq; do
    sed '1s,.*,#!/usr/bin/env ruby,' $ruby/usr/bin/$program > $ruby/bin/$program
    chmod 0755 $ruby/bin/$program
done
version=$($ruby/bin/ruby -e 'print RUBY_VERSION')
mv $ruby /srv/ruby/$version
ruby=/srv/ruby/$version
tar --create --directory=/srv/ruby --use-compress-program='gzip -1' --file=/srv/supplies/ruby-$version.tar.gz $version

git config --global user.name world
git config --global user.email world@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false
# A folder as a repository, and where its files are from.
published() {
    # All files are read: one of the same size that was written within the same second passes for what it was before.
    git -C "$1" read-tree --empty
    git -C "$1" add --all
    git -C "$1" commit --quiet --message "$2"
}
served() {
    git clone --quiet --bare "$1" "/srv/supplies/$2.git"
    git -C "/srv/supplies/$2.git" update-server-info
}
cd /srv/debs
apt-get -qq download rbenv ruby-build
for name in rbenv ruby-build; do dpkg-deb --extract ${name}_*.deb /srv/$name; done
cd /srv
mkdir rbenv/bin build build/bin build/share
ln -s ../libexec/rbenv rbenv/bin/rbenv
cp -a rbenv/usr/lib/rbenv/. rbenv/
printf '%s\n' /cache /plugins /shims /usr /version /versions > rbenv/.gitignore
cp -a ruby-build/usr/bin/ruby-build ruby-build/usr/lib/rbenv/libexec/. build/bin/
cp -a ruby-build/usr/share/ruby-build build/share/
git init --quiet rbenv && published rbenv "as Debian has it" && served rbenv rbenv
git init --quiet build && published build "as Debian has it" && served build ruby-build

# The application: what is in the folder v2 replaces or adds to what is in v1.
git init --quiet live
cp -a social/v1/. live/
(cd live && PATH=$ruby/bin:$PATH BUNDLE_SILENCE_ROOT_WARNING=1 bundle lock --local)
published live "version 1"
git -C live tag v1
cp -a social/v2/. live/
published live "version 2"
git -C live tag v2
served live social

chmod -R u=rwX,go=rX /srv/supplies
mkdir /srv/supplies/told
echo $version > /srv/supplies/told/ruby
sha256sum < /srv/supplies/ruby-$version.tar.gz | cut -d' ' -f1 > /srv/supplies/told/ruby-checksum
git -C /srv/rbenv rev-parse HEAD > /srv/supplies/told/rbenv
git -C /srv/build rev-parse HEAD > /srv/supplies/told/ruby-build
tar --create --directory=/srv/supplies --file=/srv/supplies.tar .
