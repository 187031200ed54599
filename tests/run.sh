#!/usr/bin/env bash
# Install what the tests need and run every check. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

need() { # need COMMAND-OR-PATH DEBIAN-PACKAGE
  if command -v "$1" >/dev/null 2>&1 || compgen -G "$1" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    missing+=("$2")
  else
    echo "tests/run.sh: $1 is missing; install it (Debian: apt-get install $2)" >&2
    absent=1
  fi
}

missing=()
absent=0
need redis-server redis-server
need '/usr/lib/postgresql/*/bin/postgres' postgresql
need chromium chromium
need node nodejs
need ffmpeg ffmpeg
need '/usr/share/fonts/opentype/noto/NotoSansCJK*' fonts-noto-cjk
[ "$absent" = 0 ] || exit 1
if [ ${#missing[@]} -gt 0 ]; then
  say "apt-get install ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

fingerprint=$(cat setup.cfg pyproject.toml | cksum)
if [ "$(cat .test-env/installed 2>/dev/null)" != "$fingerprint" ]; then
  say "installing into .test-env"
  python=$(command -v python3.11 || command -v python3)
  [ -x .test-env/bin/python ] || "$python" -m venv .test-env
  .test-env/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
  printf '%s' "$fingerprint" > .test-env/installed
fi
export PATH="$PWD/.test-env/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE  # else every process compiles wxdesk and the tests for itself

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi

say "format and lint"
ruff format --check .
ruff check .
say "import contracts"
lint-imports --no-logo 2>/dev/null || lint-imports
say "types"
# meanwhile compiles what each process of the tests imports; what fails here fails below too
python -m pytest --collect-only -qq >/dev/null 2>&1 & compiling=$!
trap 'kill "$compiling" 2>/dev/null || true' EXIT
mypy
wait "$compiling" || true
units="not faults and not browser"
coverage=$(mktemp)
trap 'rm -f "$coverage"' EXIT
say "tests: units, stories"
# the warning: pytest finds slipcover imported
python -m slipcover --source wxdesk --omit 'wxdesk/bench/*,wxdesk/migrations/*' \
  --json --out "$coverage" \
  -m pytest -n 3 -q -m "$units" -k "not postgresql" -W "ignore:Module already imported"
say "tests: the same on PostgreSQL"
python -m pytest -n 3 -q -m "$units" -k postgresql
say "tests: real browser"
python -m pytest -n 2 -q -m browser
say "tests: killed processes"
python -m pytest -n 2 -q -m faults
say "coverage"
python -m slipcover --merge "$coverage" --skip-covered --fail-under 85 --out /dev/null
