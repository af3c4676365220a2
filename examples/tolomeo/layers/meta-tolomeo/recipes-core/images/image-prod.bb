SUMMARY = "The product's root file system, read-only, in two slots"
LICENSE = "Apache-2.0"

inherit core-image image-buildinfo

IMAGE_FEATURES += "read-only-rootfs"
