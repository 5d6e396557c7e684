//! The icons in use. `style/tools/icons.mjs` reads the table below and draws the sprite from it.

macro_rules! icons {
    ($($name:ident = $id:literal,)*) => {
        /// An icon of the sprite, named as in Phosphor; `Fill` is the filled weight.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are the icons' own")]
        pub enum Icon {
            $($name,)*
        }

        impl Icon {
            /// Every icon.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its id in the sprite.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

icons! {
    ArrowClockwise = "arrow-clockwise",
    ArrowCounterClockwise = "arrow-counter-clockwise",
    ArrowDown = "arrow-down",
    ArrowLeft = "arrow-left",
    ArrowRight = "arrow-right",
    ArrowSquareOut = "arrow-square-out",
    ArrowUp = "arrow-up",
    Backspace = "backspace",
    Bell = "bell",
    BellSlash = "bell-slash",
    CaretDown = "caret-down",
    CaretLeft = "caret-left",
    CaretRight = "caret-right",
    CaretUp = "caret-up",
    ChatCircleDots = "chat-circle-dots",
    ChatCircleSlash = "chat-circle-slash",
    Check = "check",
    CheckCircle = "check-circle",
    Circle = "circle",
    Clock = "clock",
    ClockCounterClockwise = "clock-counter-clockwise",
    Coffee = "coffee",
    Copy = "copy",
    DotsSixVertical = "dots-six-vertical",
    DotsThree = "dots-three",
    Ear = "ear",
    Eye = "eye",
    EyeSlash = "eye-slash",
    FadersHorizontal = "faders-horizontal",
    Gear = "gear",
    Globe = "globe",
    Hash = "hash",
    Headset = "headset",
    Info = "info",
    Keyboard = "keyboard",
    ListBullets = "list-bullets",
    Lock = "lock",
    MagnifyingGlass = "magnifying-glass",
    Microphone = "microphone",
    MicrophoneSlash = "microphone-slash",
    MicrophoneSlashFill = "microphone-slash-fill",
    Minus = "minus",
    Monitor = "monitor",
    Moon = "moon",
    MusicNotes = "music-notes",
    Numpad = "numpad",
    Paperclip = "paperclip",
    Password = "password",
    Pause = "pause",
    PauseFill = "pause-fill",
    PencilLine = "pencil-line",
    PencilSimple = "pencil-simple",
    Phone = "phone",
    PhoneCall = "phone-call",
    PhoneDisconnect = "phone-disconnect",
    PhoneDisconnectFill = "phone-disconnect-fill",
    PhoneFill = "phone-fill",
    PhoneIncoming = "phone-incoming",
    PhoneOutgoing = "phone-outgoing",
    PhonePause = "phone-pause",
    PhonePauseFill = "phone-pause-fill",
    PhoneTransfer = "phone-transfer",
    PhoneX = "phone-x",
    Play = "play",
    PlugsConnected = "plugs-connected",
    Plus = "plus",
    Prohibit = "prohibit",
    Queue = "queue",
    Record = "record",
    SignIn = "sign-in",
    SignOut = "sign-out",
    SpeakerHigh = "speaker-high",
    SpeakerSlash = "speaker-slash",
    Sun = "sun",
    Trash = "trash",
    UploadSimple = "upload-simple",
    User = "user",
    UserCircle = "user-circle",
    UserCircleDashed = "user-circle-dashed",
    UserSwitch = "user-switch",
    Users = "users",
    Warning = "warning",
    WarningCircle = "warning-circle",
    WifiSlash = "wifi-slash",
    Wrench = "wrench",
    X = "x",
}

#[cfg(test)]
mod tests {
    use super::Icon;

    const SPRITE: &str = include_str!("../../../public/icons.svg");

    #[test]
    fn the_sprite_holds_every_icon() {
        for icon in Icon::ALL {
            assert!(SPRITE.contains(&format!("<symbol id=\"{}\"", icon.id())), "run `npm run icons`: {icon:?}");
        }
    }
}
