# shellcheck shell=bash
# Java, for scripts/fetch, scripts/lock and scripts/compile: pom.xml names the one artifact, SHA256SUMS pins its bytes.
# Uses their function fail and their file $log.

# Copies the artifact that LIBRARY's pom.xml names, and nothing that it depends on, into DIRECTORY.
fetch_artifacts() { # LIBRARY DIRECTORY
  maven "$1/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DexcludeTransitive=true -DoutputDirectory="$2"
}

# Sets the version in LIBRARY's pom.xml to the newest stable release.
update_lock() { # LIBRARY
  maven "$1/pom.xml" org.codehaus.mojo:versions-maven-plugin:2.18.0:use-latest-releases \
    -DgenerateBackupPoms=false -Dmaven.version.ignore='(?i).*[-.](alpha|beta|rc|cr|m|pre|preview|ea|snapshot)[-.0-9]*.*'
}

# Compiles what stands in for any agent, OUT/fallback.jar. Every JDK makes the same bytes: nothing in it is compressed, of
# a time, or about the JDK.
compile_library() { # LIBRARY ARTIFACTS OUT
  local classes
  command -v javac > /dev/null || fail "javac is not installed (scripts/packages java)" 69
  # shellcheck disable=SC2154
  classes=${log%/*}/classes
  mkdir -p "$classes/META-INF"
  printf '%s\r\n' 'Manifest-Version: 1.0' 'Premain-Class: injector.Fallback' 'Agent-Class: injector.Fallback' '' \
    > "$classes/META-INF/MANIFEST.MF"
  javac --release 8 -Xlint:-options -g:none -d "$classes" "${1%/*}/Fallback.java" > "$log" 2>&1 &&
    jar --create --file "$3/fallback.jar" --no-manifest --no-compress --date 1980-01-01T00:00:02Z \
      -C "$classes" META-INF/MANIFEST.MF -C "$classes" injector/Fallback.class >> "$log" 2>&1 ||
    fail "javac: $(head -n 1 "$log")"
}

# --strict-checksums: a download that differs from what the registry says of it is an error, not a warning.
maven() { # POM ARGUMENT...
  command -v mvn > /dev/null || fail "mvn is not installed (scripts/packages java)" 69
  # shellcheck disable=SC2154
  mvn --batch-mode --strict-checksums --no-transfer-progress --file "$@" > "$log" 2>&1 < /dev/null ||
    fail "mvn: $(sed -n 's/^\[ERROR\] //p' "$log" | head -n 1)"
}

# The package URL of FILE, an artifact of LIBRARY: a pom.xml has one dependency, and Maven names its file.
purl_of() { # LIBRARY FILE
  local group artifact
  group=$(sed -n '/<dependency>/,$ s|.*<groupId>\(.*\)</groupId>.*|\1|p' "$1/pom.xml")
  artifact=$(sed -n '/<dependency>/,$ s|.*<artifactId>\(.*\)</artifactId>.*|\1|p' "$1/pom.xml")
  echo "pkg:maven/$group/$artifact@$(basename "${2#"$artifact-"}" .jar)"
}
