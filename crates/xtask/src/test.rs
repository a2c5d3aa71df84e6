//! stub
#[derive(Debug, clap::Args)]
pub struct Test {}
impl Test {
    pub fn run(self) -> anyhow::Result<()> {
        Ok(())
    }
}
