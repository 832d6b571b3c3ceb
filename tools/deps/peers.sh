# The servers that tools/bench compares with mantlet: Debian's packages with the libraries they
# need, unpacked and not installed. Sourced by tools/bootstrap.

# peers_install WORK PREFIX: downloads into the folder WORK, unpacks into PREFIX. A peer that the
# mirror does not have is omitted.
peers_install() {
  local work=$1 prefix=$2 name got=
  mkdir -p "$prefix"
  for name in $(packages_of peer) $(peers_libraries); do
    if download_package "$work" "$name"; then
      got=yes
    else
      note "the mirror has no $name; tools/bench omits it"
    fi
  done
  [ -n "$got" ] || { tail -n 5 "$work/fetch.log" | without_urls; return 1; }
  unpack_packages "$work" "$prefix"
}

# peers_libraries: prints the library packages on which the peers depend, except those of caddy,
# which is linked statically.
peers_libraries() {
  local names
  mapfile -t names < <(packages_of peer | grep -vx caddy)
  libraries_of "${names[@]}"
}
