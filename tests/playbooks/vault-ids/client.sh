#!/bin/sh
echo of development
