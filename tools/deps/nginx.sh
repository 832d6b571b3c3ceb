# nginx as a program for the integration tests: unpacked, not installed, so that no
# service comes with it. Sourced by tools/bootstrap.

# nginx_install WORK PREFIX: unpacks in the folder WORK, installs into PREFIX.
nginx_install() {
  local work=$1 prefix=$2
  # As root, apt downloads as its own user, who has to get in here.
  chmod 755 "$work"
  mkdir "$work/download"
  if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then chown _apt "$work/download"; fi
  (cd "$work/download" && progress "downloading nginx, for tests" "$work/fetch.log" \
    apt-get download nginx) || return 1
  dpkg-deb -x "$work"/download/nginx_*.deb "$work/unpacked" || return 1
  mkdir -p "$prefix/sbin"
  install -m 755 "$work/unpacked/usr/sbin/nginx" "$prefix/sbin/" || return 1
}
