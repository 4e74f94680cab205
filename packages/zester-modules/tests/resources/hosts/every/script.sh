#!/bin/sh
touch /srv/every/ran-script
