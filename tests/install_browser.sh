#!/bin/sh
# The browser tests drive Debian's own Chromium. Where it cannot be installed they skip, and say so.
command -v chromium >/dev/null 2>&1 && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no chromium and no apt-get here: the browser tests will skip" >&2
    exit 0
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "installing chromium for the browser tests ..." >&2
$sudo apt-get update -qq >/dev/null 2>&1
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null 2>&1 ||
    echo "chromium could not be installed: the browser tests will skip" >&2
exit 0
