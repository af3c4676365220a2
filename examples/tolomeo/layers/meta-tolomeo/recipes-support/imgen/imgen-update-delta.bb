SUMMARY = "rdiff delta between two archived versions of ${IMGEN_IMAGE}"
LICENSE = "Apache-2.0"

inherit deploy nopackages
DEPENDS = "librsync-native"

do_compile() {
    base=${IMGEN_ARTIFACTS}/${MACHINE}/${IMGEN_IMAGE}/${VERSION_FROM}/${IMGEN_IMAGE}-${MACHINE}.squashfs
    target=${IMGEN_ARTIFACTS}/${MACHINE}/${IMGEN_IMAGE}/${VERSION_TO}/${IMGEN_IMAGE}-${MACHINE}.squashfs
    rdiff signature "$base" base.signature
    rdiff delta base.signature "$target" rootfs.delta
}

do_deploy() {
    install -m 0644 rootfs.delta ${DEPLOYDIR}/rootfs.delta
}
addtask deploy after do_compile before do_build
