//! A package in two versions, for tests of `latest`, of a version asked for, and of going back to an older one.

/// The versions, the older first.
pub(crate) const VERSIONS: [&str; 2] = ["1.0", "2.0"];

/// The spec of one version.
pub(crate) fn spec(version: &str) -> String {
    format!(
        "\
Name: hello-converge
Version: {version}
Release: 1.el7
Summary: Says hello
License: MIT
BuildArch: noarch
Requires: /bin/sh
%description
Says hello, and which version it is.
%install
mkdir -p %{{buildroot}}/usr/bin %{{buildroot}}/etc
printf '#!/bin/sh\\necho hello from {version}\\n' > %{{buildroot}}/usr/bin/hello-converge
chmod 0755 %{{buildroot}}/usr/bin/hello-converge
echo 'greeting={version}' > %{{buildroot}}/etc/hello-converge.conf
%files
/usr/bin/hello-converge
%config(noreplace) /etc/hello-converge.conf
"
    )
}
