#!/bin/sh
# Installs from Debian what is missing of the programs in peers.txt, then compiles those that are not in this Debian.
set -eu
tools=$(dirname "$0")

missing=
while read -r program package file; do
  case "$program" in '' | '#'*) continue ;; esac
  case "$package" in *:*) continue ;; esac
  if [ -n "$file" ]; then [ -e "$file" ]; else command -v "$program" >/dev/null 2>&1; fi || missing="$missing $package"
done <"$tools/peers.txt"

if [ -n "$missing" ]; then
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
fi
node "$tools/wakaama/build.mjs"
node "$tools/mbedtls/build.mjs"
