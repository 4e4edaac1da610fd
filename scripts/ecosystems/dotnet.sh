# shellcheck shell=bash
# .NET, for scripts/fetch, scripts/lock and scripts/compile: packages.lock.json names the packages, by version and hash.
# Uses their function fail and their file $log.
#   INJECTOR_DOTNET        the directory of a .NET SDK, 10 or newer, where no dotnet on the PATH has one
#   INJECTOR_NUGET_SOURCE  where packages come from, instead of the sources that NuGet is configured with: a directory
#                          of .nupkg files, or a feed

# Copies every package that LIBRARY's lock names, and the reference packs that it is compiled against, into DIRECTORY.
fetch_artifacts() { # LIBRARY DIRECTORY
  project "$1"
  sdk restore --locked-mode ${INJECTOR_NUGET_SOURCE:+--source "$INJECTOR_NUGET_SOURCE"}
  find "$packages" -name '*.nupkg' -exec cp -t "$2" {} +
}

# Moves LIBRARY's packages.lock.json to the newest stable releases that its project allows.
update_lock() { # LIBRARY
  project "$1"
  sdk restore --force-evaluate ${INJECTOR_NUGET_SOURCE:+--source "$INJECTOR_NUGET_SOURCE"}
  cp "$project/packages.lock.json" "$1/"
}

# Compiles LIBRARY from ARTIFACTS alone, and lays out OUT/NAME: the hook, what it starts on each framework, the store
# that .NET 8 needs, the licences; and what stands in for all of it. The version goes into the name of a file.
compile_library() { # LIBRARY ARTIFACTS OUT
  local out framework architecture
  out=$3/$(basename "$1")
  project "$1"
  sdk build --configuration Release -p:RestoreLockedMode=true --source "$2"

  mkdir -p "$out" "$3/version"
  touch "$3/version/$(basename "$2"/opentelemetry.exporter.opentelemetryprotocol.*.nupkg .nupkg | sed 's/^[^0-9]*//')"
  cp "$project/bin/Release/netstandard2.0/Injector.StartupHook.dll" "$out/"
  for framework in net8.0 net10.0; do
    mkdir "$out/$framework"
    cp "$project/bin/Release/$framework"/*.dll "$out/$framework/"
  done
  # The host looks for the store below its architecture and the framework that the application was built for, and an
  # application that it finds nothing for does not start: so all that can roll forward to .NET 8 are here.
  for architecture in x64 arm64; do
    for framework in netcoreapp2.1 netcoreapp3.0 netcoreapp3.1 net5.0 net6.0 net7.0 net8.0; do
      mkdir -p "$out/store/$architecture/$framework"
      cp "$out/net8.0/System.Diagnostics.DiagnosticSource.dll" "$out/store/$architecture/$framework/"
    done
  done
  rm "$out/net8.0/System.Diagnostics.DiagnosticSource.dll"
  mkdir -p "$out/deps/shared/Microsoft.NETCore.App/8.0.0"
  cp "$1/store.deps.json" "$out/deps/shared/Microsoft.NETCore.App/8.0.0/"
  licences "$out/licenses"
  # The hook says by itself that there is nothing to start; the folders that the other variables name have nothing for
  # any runtime.
  mkdir -p "$3"/fallback/{deps,store}
  cp "$out/Injector.StartupHook.dll" "$3/fallback/"
  touch "$3"/fallback/{deps,store}/empty
  find "$3" -type f -exec chmod 644 {} + # NuGet gives its assemblies 744
}

# DIRECTORY/PACKAGE/: what each package says of its licence. A package of .NET's own has only notices: its reference
# pack has the text.
licences() { # DIRECTORY
  local file package
  for file in "$packages"/*/*/{LICENSE,THIRD-PARTY-NOTICES}.TXT; do
    package=$(basename "${file%/*/*}")
    case $package in
      microsoft.aspnetcore.app.ref) continue ;;
      microsoft.netcore.app.ref) [ "${file##*/}" = LICENSE.TXT ] || continue; package=system.diagnostics.diagnosticsource ;;
    esac
    mkdir -p "$1/$package"
    cp "$file" "$1/$package/"
  done
}

# The package URL of an artifact, id.version.nupkg; a file's name is in lower case, the project's and the lock's are not.
purl_of() { # LIBRARY FILE
  local file id found
  file=$(basename "$2" .nupkg)
  [[ $file =~ ^([a-z0-9_.-]*[a-z_-])\.([0-9].*)$ ]] || fail "$2 is not named as a package"
  id=${BASH_REMATCH[1]}
  found=$(grep -ohiE "\"${id//./\\.}\"" "$1/packages.lock.json" "$1"/*.csproj | head -n 1)
  found=${found//\"/}
  echo "pkg:nuget/${found:-$id}@${BASH_REMATCH[2]}"
}

# Sets $project to a copy of LIBRARY, in which the SDK may leave what it likes, and $packages to an empty cache: what the
# user's holds proves nothing about a source.
project() { # LIBRARY
  # shellcheck disable=SC2154 # the caller's
  project=$(realpath "${log%/*}")/dotnet packages=$project.packages
  rm -rf "$project" "$packages"
  cp -r "$1" "$project"
}

# Runs a command of the SDK on the project. Nothing of it stays behind: no server, no telemetry, no file in the home.
sdk() { # COMMAND OPTION...
  local dotnet=${INJECTOR_DOTNET:+$INJECTOR_DOTNET/}dotnet
  "$dotnet" --list-sdks 2> /dev/null | grep -qE '^[1-9][0-9]+\.' ||
    fail "no .NET SDK 10 or newer: neither dotnet on the PATH nor INJECTOR_DOTNET has one" 69
  env -u DOTNET_STARTUP_HOOKS -u DOTNET_ADDITIONAL_DEPS -u DOTNET_SHARED_STORE ${INJECTOR_DOTNET:+DOTNET_ROOT="$INJECTOR_DOTNET"} \
    DOTNET_CLI_HOME="$project.home" DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false \
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 \
    UseSharedCompilation=false NUGET_PACKAGES="$packages" \
    "$dotnet" "$1" "$(echo "$project"/*.csproj)" "${@:2}" > "$log" 2>&1 < /dev/null ||
    fail "dotnet $1: $(grep -oE 'error [A-Z]+[0-9]+: .*' "$log" | sed 's/ \[[^]]*\]$//' | head -n 1)" \
      "$(grep -qE 'error NU1(10|30)[0-9]' "$log" && echo 69 || echo 1)" # 69: no SDK, or a package is not to be had
}
