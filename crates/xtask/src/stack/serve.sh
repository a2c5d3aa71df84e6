# Serves what the world outside has, at port 8000.
exec 2>&1
mkdir -p /srv/ruby
tar --extract --file=/srv/supplies.tar --directory=/srv/supplies
ruby=/srv/ruby/$(cat /srv/supplies/told/ruby)
tar --extract --file=/srv/supplies/ruby-$(cat /srv/supplies/told/ruby).tar.gz --directory=/srv/ruby
echo "run Rack::Files.new('/srv/supplies')" > /srv/files.ru
systemd-run --quiet --unit=supplies --setenv=PATH=$ruby/bin:/usr/bin:/bin $ruby/bin/puma --bind 'tcp://[::]:8000' --environment production /srv/files.ru
tries=0
until (exec 3<>/dev/tcp/::1/8000) 2>/dev/null; do
    tries=$((tries + 1))
    test $tries -lt 150 || { echo "nobody answers"; exit 1; }
    sleep 0.2
done
