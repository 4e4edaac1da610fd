# A Go library in an image: docker build -f Dockerfile.go -t injector-go .
# What scripts/fetch and scripts/compile left on this machine is taken as it is, if it was made from these very sources;
# else it is fetched and compiled here, which takes minutes.
# Works with BuildKit and with the classic builder. Where no registry answers, run scripts/base-image first.
ARG BASE=debian:bookworm
ARG LIBRARY=opentelemetry-go
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
COPY libraries/go/$LIBRARY libraries/go/$LIBRARY
# What scripts/fetch and scripts/compile already left on this machine comes first; it need not be there.
COPY scripts/fetch buil[d]/artifacts/$LIBRARY* /from/
COPY scripts/fetch buil[d]/compiled/$LIBRARY* build/compiled/$LIBRARY/
RUN { scripts/fetch --offline --from /from "libraries/go/$LIBRARY" && scripts/compile "libraries/go/$LIBRARY"; } || \
    { scripts/packages go && scripts/fetch "libraries/go/$LIBRARY" && scripts/compile "libraries/go/$LIBRARY"; }

FROM executables AS rootfs
ARG LIBRARY
ARG SOURCE_DATE_EPOCH
COPY LICENSE ./
# Where scripts/image signs: what it made of the manifests of a first build.
COPY LICENSE buil[d]/signatures/$LIBRARY build/signatures/$LIBRARY/
COPY scripts/rootfs scripts/bundle scripts/compile scripts/sbom scripts/sbom.jq scripts/
COPY scripts/ecosystems scripts/ecosystems
COPY libraries/go/$LIBRARY libraries/go/$LIBRARY
COPY --from=artifacts /src/build/artifacts build/artifacts
COPY --from=artifacts /src/build/compiled build/compiled
RUN scripts/rootfs "libraries/go/$LIBRARY" /rootfs

# The whole root by one COPY: only so do the times and the hard links of the tree stay as they are.
FROM scratch
COPY --from=rootfs /rootfs/ /
USER 65532:65532
ENTRYPOINT ["/injector"]
ARG LIBRARY
ARG VERSION
ARG REVISION
ARG LICENSES=Apache-2.0
LABEL org.opencontainers.image.title="injector-go" \
      org.opencontainers.image.description="Sidecar that runs $LIBRARY beside a Go application" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="$LICENSES"
