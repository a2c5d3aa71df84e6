# An authority that speaks ACME at port 14000 of OWN, and a name server for it by which any name leads to WEB.
exec 2>&1
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends curl pebble >/dev/null
mkdir -p /srv/pebble
cd /srv/pebble
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=test
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -subj /CN=acme.test
printf "subjectAltName=IP:$OWN" > ext
openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out cert.pem
cat > config.json <<'PEBBLE'
{"pebble": {"listenAddress": "[::]:14000", "managementListenAddress": "[::]:15000", "certificate": "/srv/pebble/cert.pem",
  "privateKey": "/srv/pebble/key.pem", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": ""}}
PEBBLE
systemd-run --quiet --unit=names pebble-challtestsrv -http01 '' -https01 '' -tlsalpn01 '' -defaultIPv4 '' -defaultIPv6 "$WEB" \
    -dns01 127.0.0.1:8053 -management 127.0.0.1:8055
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
    pebble -config /srv/pebble/config.json -dnsserver 127.0.0.1:8053
for port in 14000 15000; do
    tries=0
    until (exec 3<>/dev/tcp/::1/$port) 2>/dev/null; do
        tries=$((tries + 1))
        test $tries -lt 150 || { echo "nobody answers on port $port"; exit 1; }
        sleep 0.2
    done
done
