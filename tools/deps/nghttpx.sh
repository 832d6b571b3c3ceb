# nghttpx, an HTTP/2 proxy, as a program for the integration tests: unpacked together with
# its libraries and not installed, because its package starts a service. Sourced by
# tools/bootstrap.

# nghttpx_install WORK PREFIX: unpacks in the folder WORK, installs into PREFIX.
nghttpx_install() {
  local work=$1 prefix=$2 name
  note "downloading nghttpx, for tests"
  for name in nghttp2-proxy $(libraries_of nghttp2-proxy); do
    download_package "$work" "$name" || { tail -n 5 "$work/fetch.log" | without_urls; return 1; }
  done
  unpack_packages "$work" "$work/unpacked" || return 1
  mkdir -p "$prefix/sbin" "$prefix/libexec" "$prefix/lib"
  install -m 755 "$work/unpacked/usr/sbin/nghttpx" "$prefix/libexec/" || return 1
  # Libraries that are installed on the machine were not downloaded.
  find "$work/unpacked" -name 'lib*.so*' -exec cp -P -t "$prefix/lib" {} + || return 1
  cat >"$prefix/sbin/nghttpx" <<'SCRIPT' || return 1
#!/bin/sh
# Runs Debian's nghttpx with the libraries that were unpacked with it.
prefix=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH="$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$prefix/libexec/nghttpx" "$@"
SCRIPT
  chmod 755 "$prefix/sbin/nghttpx"
  "$prefix/sbin/nghttpx" --version >/dev/null || return 1
}
