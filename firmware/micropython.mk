# For a folder of user C modules that has a link to this one.
include $(dir $(realpath $(lastword $(MAKEFILE_LIST))))usermod/micropython.mk
