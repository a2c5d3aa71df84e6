//! How many characters a part of a pattern takes, where that is always the same number.

use crate::python_re::node::{Node, Repeat};

/// The number of characters; none where it depends on the text.
pub(super) fn width(node: &Node) -> Option<usize> {
    match node {
        Node::One(_) => Some(1),
        Node::At(_) | Node::Look { .. } => Some(0),
        Node::Row(row) => row.iter().map(width).sum(),
        Node::Either(choices) => same(choices.iter().map(width)),
        Node::Group(_, node) | Node::Atomic(node) => width(node),
        Node::Repeat(Repeat { node, least, most, .. }) => {
            let one = width(node)?;
            one.checked_mul(*least).filter(|_| one == 0 || *most == Some(*least))
        }
        Node::Back { .. } => None,
        Node::If { then, otherwise, .. } => same([width(then), width(otherwise)].into_iter()),
    }
}

fn same(mut widths: impl Iterator<Item = Option<usize>>) -> Option<usize> {
    let first = widths.next()??;
    widths.all(|other| other == Some(first)).then_some(first)
}

/// Whether a part of a pattern may match without taking a character.
pub(super) fn may_be_empty(node: &Node) -> bool {
    match node {
        Node::One(_) => false,
        Node::At(_) | Node::Look { .. } | Node::Back { .. } => true,
        Node::Row(row) => row.iter().all(may_be_empty),
        Node::Either(choices) => choices.iter().any(may_be_empty),
        Node::Group(_, node) | Node::Atomic(node) => may_be_empty(node),
        Node::Repeat(Repeat { node, least, .. }) => *least == 0 || may_be_empty(node),
        Node::If { then, otherwise, .. } => may_be_empty(then) || may_be_empty(otherwise),
    }
}
