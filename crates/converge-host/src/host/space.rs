//! How full a file system is.

/// What statvfs(3) tells of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes of a block.
    pub block_size: u64,
    /// Bytes of a fragment, in which blocks are counted.
    pub fragment_size: u64,
    /// All blocks.
    pub blocks: u64,
    /// Blocks that only root may still fill.
    pub blocks_free: u64,
    /// Blocks that anyone may still fill.
    pub blocks_available: u64,
    /// All inodes.
    pub inodes: u64,
    /// Inodes that are free.
    pub inodes_free: u64,
    /// Inodes that anyone may still take.
    pub inodes_available: u64,
}
