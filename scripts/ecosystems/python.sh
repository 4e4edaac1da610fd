# shellcheck shell=bash
# Python, for scripts/fetch and scripts/lock: requirements.in says what we want, requirements.txt locks it with
# versions, markers and hashes for all interpreters. Uses their function fail and their file $log.

pythons=(3.9 3.10 3.11 3.12 3.13 3.14) # that the libraries are for

# Fills DIRECTORY with a folder of wheels for each tree.
fetch_artifacts() { # LIBRARY DIRECTORY
  python_tools
  # shellcheck disable=SC2154
  "$tools/bin/python" scripts/ecosystems/wheels.py "$1" "$2" "${pythons[@]}" > "$log" 2>&1 < /dev/null ||
    fail "pip: $(sed -n 's/^ERROR: //p' "$log" | grep -v '^Ignored' | head -n 1 | grep . || tail -n 1 "$log")"
}

# Locks the newest releases that the oldest interpreter and all newer ones can have.
update_lock() { # LIBRARY
  python_tools
  "$tools/bin/python" -m pip install --quiet --upgrade uv > "$log" 2>&1 < /dev/null || fail "pip: $(tail -n 1 "$log")"
  rm -f "$1/requirements.txt" # uv keeps the versions that it finds there
  (cd "$1" && "$tools/bin/uv" pip compile --quiet --universal --python-version "${pythons[0]}" --generate-hashes --no-header \
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
