#!/usr/bin/env bash
# Install wxdesk into .venv beside this repository's files and run it.
#   bash deploy/quickstart.sh                            the demo
#   bash deploy/quickstart.sh up --bind 127.0.0.1:9000   any other wxdesk command
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'wxdesk quickstart: %s\n' "$*" >&2; }

python=""
for candidate in "${WXDESK_PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  say "Python 3.11 or newer is needed (or name one: WXDESK_PYTHON=/path/to/python)"
  exit 1
fi

# Installed already from the same sources? Then start at once.
fingerprint=$(cat setup.cfg pyproject.toml | cksum)
if [ ! -x .venv/bin/wxdesk ] || [ "$(cat .venv/installed 2>/dev/null)" != "$fingerprint" ]; then
  say "installing into .venv (once; about a minute)"
  if [ ! -x .venv/bin/python ] && ! "$python" -m venv .venv 2>/tmp/wxdesk-venv.$$; then
    cat "/tmp/wxdesk-venv.$$" >&2
    rm -rf .venv "/tmp/wxdesk-venv.$$"
    say "$python can't make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
    exit 1
  fi
  rm -f "/tmp/wxdesk-venv.$$"
  with=""
  command -v ffmpeg >/dev/null 2>&1 || with="[voice]" # what makes voice messages playable
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$with"
  printf '%s' "$fingerprint" > .venv/installed
fi

if [ $# -eq 0 ]; then set -- demo; fi
exec .venv/bin/wxdesk "$@"
