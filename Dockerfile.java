# A Java library in an image: docker build -f Dockerfile.java -t injector-java .
# What scripts/fetch and scripts/compile left on this machine is taken as it is, if it was made from these very sources;
# else a JDK and Maven are installed for it.
# Works with BuildKit and with the classic builder. Where no registry answers, run scripts/base-image first.
ARG BASE=debian:bookworm
ARG LIBRARY=dd-java-agent
ARG SOURCE_DATE_EPOCH=0

FROM $BASE AS executables
WORKDIR /src
COPY scripts/packages scripts/
RUN scripts/packages build
COPY CMakeLists.txt CMakePresets.json ./
COPY core core
COPY log log
COPY injector injector
COPY bundler bundler
COPY scripts/build scripts/
RUN INJECTOR_TESTS=OFF INJECTOR_WEBHOOK=OFF scripts/build

# A stage of its own: new code does not fetch the library again, a new library does not compile the code again.
FROM $BASE AS artifacts
ARG LIBRARY
WORKDIR /src
COPY scripts/packages scripts/fetch scripts/compile scripts/
COPY scripts/ecosystems scripts/ecosystems
COPY libraries/java/*.java libraries/java/
COPY libraries/java/$LIBRARY libraries/java/$LIBRARY
# What scripts/fetch and scripts/compile already left on this machine comes first; it need not be there.
COPY scripts/fetch buil[d]/artifacts/$LIBRARY* /from/
COPY scripts/fetch buil[d]/compiled/$LIBRARY* build/compiled/$LIBRARY/
RUN { scripts/fetch --offline --from /from "libraries/java/$LIBRARY" && scripts/compile "libraries/java/$LIBRARY"; } || \
    { scripts/packages java && scripts/fetch "libraries/java/$LIBRARY" && scripts/compile "libraries/java/$LIBRARY"; }

FROM executables AS rootfs
ARG LIBRARY
ARG SOURCE_DATE_EPOCH
COPY LICENSE ./
# Where scripts/image signs: what it made of the manifests of a first build.
COPY LICENSE buil[d]/signatures/$LIBRARY build/signatures/$LIBRARY/
COPY scripts/rootfs scripts/bundle scripts/compile scripts/sbom scripts/sbom.jq scripts/
COPY scripts/ecosystems scripts/ecosystems
COPY libraries/java/*.java libraries/java/
COPY libraries/java/$LIBRARY libraries/java/$LIBRARY
COPY --from=artifacts /src/build/artifacts build/artifacts
COPY --from=artifacts /src/build/compiled build/compiled
RUN scripts/rootfs "libraries/java/$LIBRARY" /rootfs

# The whole root by one COPY: only so do the times and the hard links of the tree stay as they are.
FROM scratch
COPY --from=rootfs /rootfs/ /
USER 65532:65532
ENTRYPOINT ["/injector"]
ARG LIBRARY
ARG VERSION
ARG REVISION
ARG LICENSES=Apache-2.0
LABEL org.opencontainers.image.title="injector-java" \
      org.opencontainers.image.description="Init container that installs $LIBRARY into a volume" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="$LICENSES"
