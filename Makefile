# SPDX-License-Identifier: ISC
# A thin front for Meson: `make` builds, `make test` builds with sanitizers and tests everything.
BUILD ?= build
ASAN ?= build-asan
RELEASE ?= build-release

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@meson setup $(BUILD) >/dev/null

$(ASAN)/build.ninja:
	@meson setup $(ASAN) -Db_sanitize=address,undefined >/dev/null

$(RELEASE)/build.ninja:
	@meson setup $(RELEASE) --buildtype=release >/dev/null

demo: all
	@lab/demo.py --build $(BUILD)

test: all $(ASAN)/build.ninja
	@ninja -C $(ASAN) --quiet
	@tests/run --build $(BUILD) --asan $(ASAN)

# SCENARIO or TEST says what; KERNEL=debian: on Debian's stock kernel in qemu, without a choice a few tests.
# Started by a real systemd, in a container on this kernel or in the guest:
# TEST=service: from the build, TEST=package: from the packages of make deb (lab/service.py).
# TEST=managers: a mobile node beside systemd-networkd, and NetworkManager where it is installed (lab/managers.py).
# TEST=suspend, the guest only: a mobile node in a machine that sleeps (S3), its routers outside (lab/tests_suspend.py).
BY_SYSTEMD = $(if $(filter debian,$(KERNEL)),lab/kernel.py --systemd,lab/container.py)
lab: all
ifneq ($(filter service package,$(TEST)),)
	@$(BY_SYSTEMD) 'lab/service.py --build $(BUILD) $(if $(filter package,$(TEST)),--packages out/deb)'
else ifeq ($(TEST),managers)
	@$(BY_SYSTEMD) 'lab/managers.py --build $(BUILD)'
else ifeq ($(TEST),suspend)
	@lab/lab.py --build $(BUILD) --verbose --test machine_that_sleeps
else ifeq ($(KERNEL),debian)
	@lab/kernel.py 'lab/lab.py --build $(BUILD) $(if $(TEST)$(SCENARIO),$(SCENARIO) $(TEST:%=--test %),--test foreign_mobile_node)'
else
	@lab/lab.py --build $(BUILD) $(if $(LIST),--list) $(if $(HOLD),--hold) $(DELAY:%=--delay %) $(LOSS:%=--loss %) $(TEST:%=--test %) $(SCENARIO)
endif

lint: all
	@tests/lint/run $(BUILD)

coverage:
	@meson setup build-cov -Db_coverage=true >/dev/null 2>&1 || true
	@ninja -C build-cov && meson test -C build-cov --suite unit --suite netns --suite scenario -q; \
	gcovr -r . --object-directory build-cov --exclude 'tests/.*' --print-summary -s

bench: all $(RELEASE)/build.ninja
	@ninja -C $(RELEASE) --quiet src/daemon/lked src/ctl/lke
	@tests/bench/limits $(BUILD)
	@tests/bench/run $(BUILD) $(RELEASE)
	@tests/bench/show $(BUILD)
	@tests/bench/forward $(BUILD)
	@tests/bench/flood $(BUILD)

soak: all
	@LKE_CRASHES=500 lab/lab.py --build $(BUILD) --test sec_024_no_replay_in_20_crashes_under_load

install: all
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)

# A Debian package in out/deb, from the files that git knows; needs dpkg-dev, debhelper and lintian.
deb:
	@packaging/make-deb

clean:
	rm -rf $(BUILD) $(ASAN) $(RELEASE) build-cov build-fuzz

.PHONY: all demo test lab lint coverage bench soak install deb clean
