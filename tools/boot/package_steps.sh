# What tools/test-packages runs inside the booted system: installs, upgrades and removes
# /root/before.deb and /root/new.deb. Writes a line "STATUS TEXT" per step to /root/results.

exec >/root/log 2>&1
set -ux

# check TEXT COMMAND...
check() {
  local text=$1 status=0
  shift
  "$@" || status=$?
  echo "$status $text" >>/root/results
}
not() { ! "$@"; }
active() { systemctl --quiet is-active "$1"; }
# eventually COMMAND...: waits up to 20 s until it succeeds.
eventually() {
  local tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || return 1
    sleep 0.2
  done
}
request() {
  curl --silent --show-error --fail --max-time 20 --output /dev/null \
    --cacert /root/pki/ca.crt --cert /root/pki/client.crt --key /root/pki/client.key https://localhost:8443/
}
# Everything outside of the folders that other programs write to.
files() {
  find / -xdev \( -path /root -o -path /run -o -path /tmp -o -path /proc -o -path /sys -o -path /dev -o -path /var/log \
    -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/cache -o -path /var/tmp -o -path /opt \) -prune -o -print |
    grep -v -E '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/\.pwd\.lock$' | sort
}

ip link set lo up 2>/dev/null
files >/root/files.before

check "it is installed" dpkg -i /root/before.deb
check "it is not started without certificates" not active mantlet.service
check "it is not enabled" not systemctl --quiet is-enabled mantlet.service
check "the user exists" id mantlet
check "the folder of the keys is the service's to read only" test "$(stat -c '%a %U %G' /etc/mantlet/tls)" = "750 root mantlet"

mantlet certs dev --out /root/pki
install -m 644 /root/pki/server.crt /etc/mantlet/tls/tls.crt
install -m 640 -g mantlet /root/pki/server.key /etc/mantlet/tls/tls.key
install -m 644 /root/pki/ca.crt /etc/mantlet/tls/ca.crt
echo '# a change of the administrator' >>/etc/mantlet/mantlet.yaml
check "its configuration is valid once there are certificates" mantlet check --config /etc/mantlet/mantlet.yaml --user mantlet
systemd-run --unit=application mantlet echo --address 127.0.0.1:8080
check "it is enabled and started" systemctl enable --now mantlet@a
check "it serves" request

# Four clients with a new connection for each request. Their traces would slow them down.
set +x
for client in 1 2 3 4; do
  while [ ! -e /root/stop ]; do
    request || date >>/root/failures
    echo >>"/root/requests.$client"
  done &
done
set -x
sleep 2
process=$(systemctl show --property=MainPID --value mantlet@a)
check "it is upgraded" dpkg -i /root/new.deb
check "the new binary serves" active mantlet@b
check "the old process ends" eventually not test -e "/proc/$process"
check "the old instance has not failed" not systemctl --quiet is-failed mantlet@a
sleep 2
touch /root/stop
wait
cat /root/requests.* | wc -l
check "there were more than 40 requests meanwhile" test "$(cat /root/requests.* | wc -l)" -gt 40
check "no request failed" not test -e /root/failures
check "the upgrade keeps the changed configuration" grep -q 'a change of the administrator' /etc/mantlet/mantlet.yaml

echo 'nonsense: 1' >>/etc/mantlet/mantlet.yaml
check "an upgrade that cannot start is no error of the package" dpkg -i /root/new.deb
check "the running process continues then" active mantlet@b
check "and serves" request
sed -i '/^nonsense/d' /etc/mantlet/mantlet.yaml

systemctl stop mantlet@b
systemctl disable mantlet@a
systemctl reset-failed mantlet@a
check "the single service is enabled and started" systemctl enable --now mantlet
process=$(systemctl show --property=MainPID --value mantlet)
check "an upgrade restarts it" dpkg -i /root/new.deb
check "with a new process" not test "$(systemctl show --property=MainPID --value mantlet)" = "$process"
check "which serves" request

systemctl stop application
check "it is removed" dpkg -r mantlet
check "it is stopped then" not active mantlet
check "the configuration stays" test -e /etc/mantlet/mantlet.yaml
check "it is purged" dpkg -P mantlet
check "the keys of the administrator stay" test -e /etc/mantlet/tls/tls.key
rm -r /etc/mantlet
files >/root/files.after
check "nothing else is left" diff /root/files.before /root/files.after
check "nothing runs" not pidof mantlet
echo "0 end" >>/root/results
