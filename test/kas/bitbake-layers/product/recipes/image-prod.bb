SUMMARY = "A file system with the version in it, and tasks that misbehave when a test asks"

# What the tests set, as with the stand-in of examples/tolomeo.
STAND_IN_TASK_SECONDS ?= "0"
STAND_IN_WORK_SECONDS ?= "0"
STAND_IN_EXIT_CODE ?= "0"
FIRMWARE_NAME ?= "None"

do_compile[dirs] = "${B}"
do_compile() {
    sleep ${STAND_IN_TASK_SECONDS}
    [ "${STAND_IN_WORK_SECONDS}" = 0 ] || timeout ${STAND_IN_WORK_SECONDS} sh -c 'while :; do :; done' || true
    if [ "${STAND_IN_EXIT_CODE}" != 0 ]; then
        echo "cc: error: what.c: no such file"
        exit ${STAND_IN_EXIT_CODE}
    fi
}
addtask compile before do_rootfs

do_rootfs[dirs] = "${B}"
do_rootfs[cleandirs] = "${B}/rootfs"
do_rootfs() {
    mkdir -p rootfs/etc
    echo "BUILD_VERSION = ${BUILD_VERSION}" > rootfs/etc/buildinfo
    echo "FIRMWARE_NAME = ${FIRMWARE_NAME}" > rootfs/etc/firmware
}
addtask rootfs before do_image

do_image[dirs] = "${B}"
do_image() {
    mkdir -p ${DEPLOY_DIR_IMAGE}
    rm -f ${DEPLOY_DIR_IMAGE}/*.squashfs
    mksquashfs rootfs ${DEPLOY_DIR_IMAGE}/image-prod-${MACHINE}.squashfs -noappend -no-progress -quiet -all-root \
        -reproducible -mkfs-time 0 -all-time 0
}
addtask image after do_rootfs before do_build
