# shellcheck shell=bash
# Python, for scripts/fetch and scripts/lock: requirements.in says what we want, requirements.txt locks it with
# versions, markers and hashes for all interpreters, library.json names the trees. Uses their function fail and
# their file $log.

# Fills DIRECTORY with a folder of wheels for each tree.
fetch_artifacts() { # LIBRARY DIRECTORY
  python_tools
  # shellcheck disable=SC2154
  "$tools/bin/python" scripts/ecosystems/wheels.py "$1" "$2" > "$log" 2>&1 < /dev/null ||
    fail "pip: $(sed -n 's/^ERROR: //p' "$log" | grep -v '^Ignored' | head -n 1 | grep . || tail -n 1 "$log")"
}

# Locks the newest releases that LIBRARY's oldest interpreter and all newer ones can have.
update_lock() { # LIBRARY
  python_tools
  "$tools/bin/python" -m pip install --quiet --upgrade uv > "$log" 2>&1 < /dev/null || fail "pip: $(tail -n 1 "$log")"
  local oldest
  oldest=$(sed -n 's/.*"from": *"cp3\([0-9]*\)-.*/3.\1/p' "$1/library.json" | sort --version-sort | head -n 1)
  rm -f "$1/requirements.txt" # uv keeps the versions that it finds there
  (cd "$1" && "$tools/bin/uv" pip compile --quiet --universal --python-version "$oldest" --generate-hashes --no-header \
    --no-annotate --no-emit-index-url --output-file requirements.txt requirements.in) > "$log" 2>&1 < /dev/null ||
    fail "uv: $(tail -n 3 "$log" | tr '\n' ' ')"
}

purl_of() { # LIBRARY FILE
  local wheel=${2##*/} name version
  name=${wheel%%-*} version=${wheel#*-}
  name=${name,,}
  echo "pkg:pypi/${name//[_.]/-}@${version%%-*}"
}

# The clients come from the registry like what they fetch, into a virtual environment of their own.
python_tools() {
  tools=$PWD/build/python-tools
  [ -x "$tools/bin/pip" ] && return
  /usr/bin/python3 -m venv "$tools" > "$log" 2>&1 || fail "python3 -m venv failed (scripts/packages python)" 69
}
