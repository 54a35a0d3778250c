//! The WebRTC library as it is set up for us: Opus alone, packets alone, audio levels.

use std::sync::Once;
use std::time::Duration;
use std::time::Instant;

use str0m::Rtc;
use str0m::format::Codec;
use str0m::format::FormatParams;
use str0m::media::Frequency;
use str0m::media::Pt;
use str0m::rtp::Extension;

use super::Role;

/// One end of a connection, before anything was negotiated.
pub(super) fn start(role: Role, at: Instant) -> Rtc {
    install_crypto();
    let mut config = Rtc::builder()
        .clear_codecs()
        .clear_extension_map()
        .set_extension(1, Extension::AudioLevel)
        .set_extension(4, Extension::RtpMid)
        .set_rtp_mode(true)
        .set_rtcp_report_interval_audio(REPORTS)
        .set_stats_interval(Some(STATS));
    let format = FormatParams {
        min_p_time: Some(10),
        use_inband_fec: Some(true),
        use_dtx: Some(true),
        ..FormatParams::default()
    };
    let rate = Frequency::FORTY_EIGHT_KHZ;
    let opus = Pt::new_with_value(OPUS);
    config
        .codec_config()
        .add_config(opus, None, Codec::Opus, rate, Some(2), format);
    if role == Role::Offerer {
        config.set_max_stun_rto(CHECKS);
    }
    config.build(at)
}

fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
}

const OPUS: u8 = 111;
const REPORTS: Duration = Duration::from_millis(500);
const STATS: Duration = Duration::from_secs(1);
/// How often the path in use is checked.
const CHECKS: Duration = Duration::from_millis(500);
