//! Packages that hold no files: names that roles ask for where nothing is built or converted.

/// What servers of the fediverse and Rubies are built with on CentOS.
pub(crate) const BUILD: [&str; 21] = [
    "ImageMagick",
    "autoconf",
    "bison",
    "bzip2",
    "file",
    "gcc",
    "gcc-c++",
    "gdbm-devel",
    "gmp-devel",
    "libffi-devel",
    "libicu-devel",
    "libidn-devel",
    "libxml2-devel",
    "libxslt-devel",
    "make",
    "openssl-devel",
    "patch",
    "pkgconfig",
    "postgresql-devel",
    "readline-devel",
    "zlib-devel",
];

/// What comes from elsewhere there.
pub(crate) const EPEL: [&str; 2] = ["ffmpeg", "protobuf-compiler"];

/// The spec that makes all of them, below a package `whole` that is one of them.
pub(crate) fn spec(whole: &str, names: &[&str]) -> String {
    let mut spec = format!(
        "Name: {whole}\nVersion: 1\nRelease: 1.el7\nSummary: Names without files\nLicense: MIT\nBuildArch: noarch\n\
         %description\nNames without files.\n%files\n"
    );
    for name in names {
        let text = format!(
            "\n%package -n {name}\nSummary: Stands for {name}\n%description -n {name}\nStands for {name}.\n%files -n {name}\n"
        );
        spec.push_str(&text);
    }
    spec
}
