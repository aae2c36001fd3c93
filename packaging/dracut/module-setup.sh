#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dracut module: Freehold's program is measured by the initramfs, which was measured itself, before anything of the root runs.

check() {
	require_binaries freehold-measure
}

depends() {
	return 0
}

installkernel() {
	instmods tpm_tis tpm_crb
}

install() {
	inst_simple "$(command -v freehold-measure)" /usr/bin/freehold-measure
	inst_hook pre-pivot 95 "$moddir/freehold-measure.sh"
}
