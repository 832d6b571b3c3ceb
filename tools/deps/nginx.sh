# nginx as a program for the integration tests: unpacked, not installed, so that no service starts.
# Sourced by tools/bootstrap.

# nginx_install WORK PREFIX: unpacks in the folder WORK, installs into PREFIX.
nginx_install() {
  local work=$1 prefix=$2
  note "downloading nginx, for tests"
  download_package "$work" nginx || { tail -n 5 "$work/fetch.log" | without_urls; return 1; }
  unpack_packages "$work" "$work/unpacked" || return 1
  mkdir -p "$prefix/sbin"
  install -m 755 "$work/unpacked/usr/sbin/nginx" "$prefix/sbin/" || return 1
}
