// MLLP owns the wire: bytes of a TCP connection to whole frames and back (HL7 transport specification, MLLP release 1).
// The gateway listens with `Server`, the simulator and `pmsync send` speak with `Client`. The decisions are in
// `FrameDecoder`, which knows no socket. It stores nothing and reads no message, but for the ids that pair an answer with
// its question; what to answer is its caller's business.
//
//        connect                    message            answer (in order)
//     ───────────▶ open ─ reading ──────────▶ in flight ────────────────▶ written
//                   │ ▲                          │ too many unanswered: paused, until half are answered
//                   │ └──────────────────────────┘
//                   ├─ inputClosed, stop: draining ── all answered ──▶ closed
//                   └─ tooLong, an answer with `close`: lingering ── peer closes, or 2 s ──▶ closed
