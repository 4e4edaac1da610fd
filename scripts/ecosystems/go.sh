# shellcheck shell=bash
# Go, for scripts/fetch, scripts/lock and scripts/compile: go.mod names the modules, the programs among them, and the
# toolchain that compiles them; go.sum pins their bytes. Uses their function fail and their file $log.

# Fills DIRECTORY with what GOPROXY=file://DIRECTORY needs to serve all that is compiled: the modules, and the toolchain,
# which is one of them.
fetch_artifacts() { # LIBRARY DIRECTORY
  local errors
  module "$1"
  # That the objects which go generate makes are not there is expected, and nothing else.
  errors=$(run_go list -e -deps -f '{{with .Error}}{{.}}{{end}}' tool)
  errors=$(grep -v 'no matching files found' <<< "$errors" | head -n 1 || true)
  [ -z "$errors" ] || fail "go: $errors"
  (cd "$cache/cache/download" && find . -path '*/@v/*' \( -name '*.mod' -o -name '*.zip' \) -exec cp --parents -t "$2" {} +)
}

# Moves LIBRARY's go.mod and go.sum to the newest stable release of the agent. The toolchain is moved by hand.
update_lock() { # LIBRARY
  local agent version
  module "$1"
  agent=$(agent_of "$1")
  version=$(run_go list -m -f '{{.Version}}' "$agent@latest")
  # The hashes that the agent's own go.sum has are vouched for by its own, which the checksum database has.
  run_go mod download "$agent@$version"
  cat "$cache/$agent@$version/go.sum" > "$module/go.sum"
  run_go mod edit -require="$agent@$version"
  run_go mod tidy
  cp "$module/go.mod" "$module/go.sum" "$1/"
}

# Compiles the agent from ARTIFACTS alone, as its module is meant to be: first its eBPF objects, then the program.
compile_library() { # LIBRARY ARTIFACTS OUT
  local agent source out
  module "$1"
  agent=$(agent_of "$1")
  out=$3/$(basename "$1")
  export GOPROXY=file://$2 GOSUMDB=off GOENV=off # go.sum is still checked
  source=$(run_go list -find -f '{{.Module.Dir}}' "$agent")
  cp -r "$source" "${module%/*}/source"
  # What has to be generated must be in the main module: so the agent becomes that, with our lock as its own.
  source=${module%/*}/source
  cp "$module/go.mod" "$module/go.sum" "$source/"
  module=$source
  run_go mod edit -module "$agent" -droprequire "$agent"
  # The objects' line information has the headers' paths.
  export BPF2GO_CFLAGS="-I$source/internal/include/libbpf -I$source/internal/include -ffile-prefix-map=$source=."
  run_go generate ./...
  mkdir -p "$out/licenses/go" "$3/version"
  touch "$3/version/$(sed -n "s,^\t$agent v\([^ ]*\).*,\1,p" "$1/go.mod")"
  run_go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o "$out/agent" ./cli
  cp "$(run_go env GOROOT)/LICENSE" "$out/licenses/go/"
  cp -r "$source/LICENSE" "$source/LICENSES/." "$out/licenses/"
  chmod -R u+w "$out"
}

# The package URL of an artifact, PATH/@v/VERSION.zip, in which ! stands before what is a capital.
purl_of() { # LIBRARY FILE
  local path=${2%/@v/*} version=${2##*/@v/}
  echo "pkg:golang/$(sed 's/!\(.\)/\U\1/g' <<< "$path@${version%.*}")"
}

agent_of() { # LIBRARY
  sed -n 's,^\t\(.*\)/cli$,\1,p' "$1/go.mod"
}

# Sets $module to a copy of LIBRARY's lock, and $cache to an empty cache of modules: what the user's holds proves nothing
# about a source.
module() { # LIBRARY
  local toolchain
  # shellcheck disable=SC2154
  module=$PWD/${log%/*}/go/module cache=$PWD/${log%/*}/go/cache
  rm -rf "${module%/*}"
  mkdir -p "$module"
  cp "$1/go.mod" "$1/go.sum" "$module/"
  toolchain=$(sed -n 's/^toolchain //p' "$1/go.mod")
  [ -n "$(go env GOTOOLCHAIN 2> /dev/null)" ] || fail "go 1.21 or newer is not installed (scripts/packages go)" 69
  export GOTOOLCHAIN=$toolchain GOMODCACHE=$cache GOFLAGS=-modcacherw GOWORK=off CGO_ENABLED=0
}

run_go() { # ARGUMENT...
  (cd "$module" && go "$@" 2> "${cache%/*}/log") || fail "go $1: $(grep -v '^go: downloading' "${cache%/*}/log" | tail -n 1)"
}
