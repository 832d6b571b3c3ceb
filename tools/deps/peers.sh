# The servers that tools/bench measures mantlet against: Debian's packages with the
# libraries they need, unpacked and not installed. Sourced by tools/bootstrap.

# peers_install WORK PREFIX: downloads into the folder WORK, unpacks into PREFIX. A peer
# that the mirror does not have is left out.
peers_install() {
  local work=$1 prefix=$2 name got=
  mkdir -p "$prefix"
  for name in $(packages_of peer) $(peers_libraries); do
    if download_package "$work" "$name"; then
      got=yes
    else
      note "this machine's mirror has no $name; tools/bench goes without"
    fi
  done
  [ -n "$got" ] || { tail -n 5 "$work/fetch.log" | without_urls; return 1; }
  unpack_packages "$work" "$prefix"
}

# peers_libraries: the libraries that installing the peers would bring. caddy is
# linked statically; what it recommends and depends on is not for us.
peers_libraries() {
  local names
  mapfile -t names < <(packages_of peer | grep -vx caddy)
  libraries_of "${names[@]}"
}
