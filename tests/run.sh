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

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi

units="not faults and not browser"
lane_dir=$(mktemp -d)
lane="" # the process that leads the group of what runs beside us

beside() { # beside COMMAND...: start it in a group of its own; its output waits for `meet`
  set -m # without it a job never hears of Ctrl-C
  "$@" >"$lane_dir/output" 2>&1 </dev/null &
  set +m
  lane=$!
}

meet() { # meet TITLE: wait for what runs beside us, show its output, and end as it ended
  local code=0
  wait "$lane" || code=$?
  lane=""
  say "$1"
  cat "$lane_dir/output"
  return "$code"
}

end_lane() { # ask it to end, then make it
  local signal
  for signal in INT TERM KILL; do
    kill -s "$signal" -- "-$lane" 2>/dev/null || return 0
    for _ in {1..150}; do
      kill -0 -- "-$lane" 2>/dev/null || return 0
      sleep 0.1
    done
  done
}

clean_up() {
  trap - INT
  [ -z "$lane" ] || end_lane
  rm -rf "$lane_dir"
}
trap clean_up EXIT
trap 'exit 130' INT

contracts_and_types() {
  lint-imports --no-logo 2>/dev/null || lint-imports
  mypy
}

say "format and lint"
ruff format --check .
ruff check .
beside contracts_and_types # it needs one core
say "tests: units, stories"
coverage=$lane_dir/coverage.json
code=0
# the warning: pytest finds slipcover imported
python -m slipcover --source wxdesk --omit 'wxdesk/bench/*,wxdesk/migrations/*' \
  --json --out "$coverage" \
  -m pytest -n 3 -q -m "$units" -k "not postgresql" -W "ignore:Module already imported" || code=$?
meet "import contracts, types" || code=$?
[ "$code" = 0 ] || exit "$code"
say "tests: the same on PostgreSQL"
python -m pytest -n 3 -q -m "$units" -k postgresql
# Both wait for much of their time. What was killed must be back within WeChat's fifteen seconds, so
# it goes first; browsers are patient.
beside python -m pytest -n 2 -q -m faults
say "tests: real browser"
nice -n 10 python -m pytest -n 2 -q -m browser || code=$?
meet "tests: killed processes" || code=$?
[ "$code" = 0 ] || exit "$code"
say "coverage"
python -m slipcover --merge "$coverage" --skip-covered --fail-under 85 --out /dev/null
