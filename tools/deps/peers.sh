# The servers that tools/bench measures mantlet against: Debian's packages with the
# libraries they need, unpacked and not installed. No maintainer script runs, so no
# service is enabled or started and no user is made. Sourced by tools/bootstrap.

# peers_install WORK PREFIX: downloads into the folder WORK, unpacks into PREFIX. A peer
# that the mirror does not have is left out.
peers_install() {
  local work=$1 prefix=$2 name got=
  # As root, apt downloads as its own user, who has to get in here.
  chmod 755 "$work"
  mkdir -p "$work/download" "$prefix"
  if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then chown _apt "$work/download"; fi
  for name in $(packages_of peer) $(peers_libraries); do
    (cd "$work/download" && apt-get download "$name") >>"$work/fetch.log" 2>&1 \
      || { refresh_lists && (cd "$work/download" && apt-get download "$name") >>"$work/fetch.log" 2>&1; } \
      || note "this machine's mirror has no $name; tools/bench goes without"
  done
  for name in "$work"/download/*.deb; do
    [ -e "$name" ] || break
    dpkg-deb -x "$name" "$prefix" || return 1
    got=yes
  done
  [ -n "$got" ] || { tail -n 5 "$work/fetch.log" | without_urls; return 1; }
}

# peers_libraries: the libraries that installing the peers would bring. caddy is
# linked statically; what it recommends and depends on is not for us.
peers_libraries() {
  local name
  for name in $(packages_of peer); do
    [ "$name" = caddy ] || apt-get -s install --no-install-recommends "$name" 2>/dev/null
  done | sed -n 's/^Inst \(lib[^ ]*\) .*/\1/p' | sort -u
}
