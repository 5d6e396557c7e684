//! Whose turn it is to be read: each socket once a round, however much it has, so that none is served at the cost of the
//! others.

use mio::Token;

/// The sockets that had more to read than their turn allowed: of them the system tells no second time.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Served in this round already.
    served: Vec<Token>,
    /// To be served in the next one.
    again: Vec<Token>,
}

impl Turns {
    /// Whether somebody waits for the next round.
    pub(super) fn is_waiting(&self) -> bool {
        !self.again.is_empty()
    }

    /// Begins a round; gives those that were left over from the last one, who are served first.
    pub(super) fn begin(&mut self) -> Vec<Token> {
        self.served = std::mem::take(&mut self.again);
        self.served.clone()
    }

    /// Whether an event's socket is still to be served in this round.
    pub(super) fn is_due(&self, token: Token) -> bool {
        !self.served.contains(&token)
    }

    /// This socket has more than its turn allowed.
    pub(super) fn again(&mut self, token: Token) {
        if !self.again.contains(&token) {
            self.again.push(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sends_without_end_is_served_as_often_as_everybody() {
        let (loud, other) = (Token(1), Token(2));
        let mut turns = Turns::default();
        let mut served = [0, 0];
        for round in 1..=100 {
            // The system tells of both, in each round.
            let mut due = turns.begin();
            due.extend([loud, other].into_iter().filter(|token| turns.is_due(*token)));
            for token in due {
                served[token.0 - 1] += 1;
                if token == loud {
                    turns.again(token);
                }
            }
            assert_eq!(served, [round, round]);
        }
        assert!(turns.is_waiting());
    }
}
