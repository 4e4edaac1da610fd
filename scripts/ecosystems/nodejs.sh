# shellcheck shell=bash
# Node.js, for scripts/fetch and scripts/lock: package-lock.json pins every package by SHA-512 and names no registry.
# Uses their function fail and their file $log.

# Copies the tarballs of the lock, as the registry has them, to where the lock installs each, with .tgz behind:
# DIRECTORY/NAME-VERSION/node_modules/@scope/name.tgz. npm checks them, and keeps them in its cache by their digest.
fetch_artifacts() { # LIBRARY DIRECTORY
  local tree version
  # shellcheck disable=SC2154
  tree=$(mktemp -d -p "$(dirname "$log")")
  cp -r "$1/." "$tree"
  tarballs portable "$1/package-lock.json" > "$tree/package-lock.json"
  npm_in "$tree" ci --ignore-scripts --omit=dev
  version=$(locked "$1" "node_modules/$(main_package "$1")")
  tarballs copy "$tree" "$(npm config get cache)" "$2/$(basename "$1")-${version##*@}"
  rm -rf "$tree"
}

# Sets the one dependency of LIBRARY's package.json to the newest release, and all below it to what that allows today.
update_lock() { # LIBRARY
  rm -f "$1/package-lock.json"
  npm_in "$1" install --package-lock-only --ignore-scripts --save-exact "$(main_package "$1")@latest"
}

# The package URL of FILE, an artifact of LIBRARY.
purl_of() { # LIBRARY FILE
  local place=${2#*/}
  locked "$1" "${place%.tgz}" | sed 's/^@/%40/; s/^/pkg:npm\//'
}

main_package() { # LIBRARY
  sed -n '/"dependencies"/,/}/ s/^ *"\([^"]*\)": "[0-9].*/\1/p' "$1/package.json"
}

# NAME@VERSION of what the lock installs at PLACE; where they differ, "name" says what the package is called.
locked() { # LIBRARY PLACE
  awk -v place="\"$2\":" '
    $1 == place { name = $1; sub(/^".*node_modules\//, "", name); sub(/":$/, "", name); inside = 1; next }
    inside && $1 == "\"name\":" { name = $2; gsub(/[",]/, "", name) }
    inside && $1 == "\"version\":" { gsub(/[",]/, "", $2); print name "@" $2; exit }' "$1/package-lock.json"
}

tarballs() { # ARGUMENT...
  command -v node > /dev/null || fail "node is not installed (scripts/packages node)" 69
  node "$(dirname "${BASH_SOURCE[0]}")/npm-tarballs.cjs" "$@" 2> "$log" || fail "$(grep -m 1 Error "$log")"
}

npm_in() { # DIRECTORY ARGUMENT...
  command -v npm > /dev/null || fail "npm is not installed (scripts/packages node)" 69
  # shellcheck disable=SC2154
  (cd "$1" && npm "${@:2}" --no-audit --no-fund --no-update-notifier) > "$log" 2>&1 < /dev/null ||
    fail "npm: $(sed -n 's/^npm \(error\|ERR!\) //p' "$log" | head -n 3 | paste -sd ' ')"
}
