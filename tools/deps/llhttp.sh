# llhttp: the header and the static library of Debian 13's libllhttp-dev. They are used on Debian
# 12, too, because its own version reads a lone CR as the end of a header line. Sourced by
# tools/bootstrap.

# llhttp_install WORK PREFIX: unpacks in the folder WORK, installs into PREFIX.
llhttp_install() {
  local work=$1 prefix=$2 library
  archive_fetch download libllhttp-dev 'libllhttp-dev_*.deb' || return 1
  dpkg-deb -x "$archive_file" "$work/unpacked" || return 1
  library=$(find "$work/unpacked/usr/lib" -name libllhttp.a)
  mkdir -p "$prefix/include" "$prefix/lib"
  install -m 644 "$work/unpacked/usr/include/llhttp.h" "$prefix/include/" || return 1
  install -m 644 "$library" "$prefix/lib/" || return 1
}
