//! Which streams of a peer are listened to.
//!
//! The library makes room for a stream, and lets it take the place of another, before it
//! has checked that the packet is genuine. So only streams pass that the description
//! announced or, when it announced none, the first few that come.

/// At most [`MOST`] streams.
#[derive(Debug, Default)]
pub(super) struct Sources {
    known: Vec<u32>,
    announced: bool,
}

impl Sources {
    pub(super) fn announce(&mut self, ssrcs: impl Iterator<Item = u32>) {
        for ssrc in ssrcs {
            if !self.announced {
                self.known.clear();
                self.announced = true;
            }
            self.add(ssrc);
        }
    }

    /// Whether a datagram may pass; all that is not RTP may.
    pub(super) fn admit(&mut self, datagram: &[u8]) -> bool {
        let Some(ssrc) = ssrc_of(datagram) else {
            return true;
        };
        if !self.announced {
            self.add(ssrc);
        }
        self.known.contains(&ssrc)
    }

    fn add(&mut self, ssrc: u32) {
        if self.known.len() < MOST && !self.known.contains(&ssrc) {
            self.known.push(ssrc);
        }
    }
}

/// Whether it looks like RTP or RTCP, as RFC 7983 tells protocols apart.
pub(super) fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(128..=191))
}

fn ssrc_of(datagram: &[u8]) -> Option<u32> {
    let is_rtcp = |second: u8| matches!(second & 0x7f, 64..=95);
    if !is_media(datagram) || datagram.get(1).is_none_or(|second| is_rtcp(*second)) {
        return None;
    }
    let ssrc = datagram.get(8..12)?;
    Some(u32::from_be_bytes(ssrc.try_into().ok()?))
}

const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 111, 0, 1, 0, 0, 0, 0];
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet
    }

    #[test]
    fn only_announced_streams_pass_once_some_were_announced() {
        let mut sources = Sources::default();
        sources.announce([7, 8].into_iter());
        assert!(sources.admit(&rtp(7)));
        assert!(!sources.admit(&rtp(9)));
    }

    #[test]
    fn without_an_announcement_the_first_few_streams_pass() {
        let mut sources = Sources::default();
        let passed = (1..100).filter(|ssrc| sources.admit(&rtp(*ssrc))).count();
        assert_eq!(passed, MOST);
    }

    #[test]
    fn what_is_not_rtp_passes() {
        let mut sources = Sources::default();
        sources.announce([7].into_iter());
        assert!(sources.admit(&[0x80, 200, 0, 1, 0, 0, 0, 9, 0, 0, 0, 9]));
        assert!(sources.admit(&[22, 1, 2]));
        assert!(sources.admit(&[]));
    }
}
