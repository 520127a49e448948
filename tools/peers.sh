#!/bin/sh
# The programs that the tests compare Akari with: none of them is ours. Installs from Debian what is missing.
set -eu

missing=
need() { # command, package [, a file instead of the command]
  if [ -n "${3:-}" ]; then [ -e "$3" ]; else command -v "$1" >/dev/null 2>&1; fi || missing="$missing $2"
}
need osmo-auc-gen libosmocore-utils
need tshark tshark
need curl curl
need nc netcat-openbsd
need nginx nginx-light
need ab apache2-utils
need openssl openssl
need gnutls-serv gnutls-bin
need coap-server-openssl libcoap3-bin
need libmbedtls libmbedtls-dev /usr/include/mbedtls/ssl.h
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need pcscd pcscd
need vpcd-config vsmartcard-vpcd
need pcsc_scan pcsc-tools
need opensc-tool opensc
need socat socat
need nc netcat-openbsd
need python3 python3
need coap-client-openssl libcoap3-bin
need wasm2c wabt
need gcc gcc
need libc-headers libc6-dev /usr/include/stdio.h
need make make
need valgrind valgrind
need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf
need picolibc picolibc-riscv64-unknown-elf /usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs
need qemu-system-riscv32 qemu-system-misc

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "the tests need these Debian packages (or the same programs from elsewhere):$missing" >&2
  exit 1
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
