/// Every line of `docs/golden/client.txt`, with who plays it and what must have been before. `everyGoldenFrameIsPlayed` compares
/// the frames with the file.
enum GoldenScript {
    static let cases: [GoldenCase] = messages + groups + questions + settings

    private static let messages: [GoldenCase] = [
        GoldenCase(
            "send",
            #"{"type":"send","id":7,"conversation":"general","client_id":"01J-8","content":{"type":"text","text":"hell"#
                + #"o"}}"#),
        GoldenCase(
            "send-reply",
            #"{"type":"send","id":8,"conversation":"general","client_id":"01J-9","reply_to":40,"content":{"type":"text"#
                + #"","text":"yes"}}"#),
        GoldenCase(
            "send-unknown-content",
            #"{"type":"send","id":9,"conversation":"general","client_id":"01J-10","content":{"type":"image","text":"a "#
                + #"cat","media":"m1","size":[640,480]}}"#),
        GoldenCase(
            "send-escaped",
            #"{"type":"send","id":10,"conversation":"general","client_id":"01J-11","content":{"type":"text","text":"\u"#
                + #"d83d\ude00 \u00e9 \"q\" \\ \n"}}"#, isEscaped: true),
        GoldenCase(
            "read",
            #"{"type":"read","id":5,"conversation":"general","sequence":43}"#),
        GoldenCase(
            "delivered",
            #"{"type":"read","id":5,"conversation":"general","delivered":44}"#),
        GoldenCase(
            "send-thread",
            #"{"type":"send","id":11,"conversation":"general","client_id":"01J-12","reply_to":13,"thread":12,"content""#
                + #":{"type":"text","text":"aside"}}"#),
        GoldenCase(
            "send-mentions",
            #"{"type":"send","id":12,"conversation":"general","client_id":"01J-13","content":{"type":"text","text":"@B"#
                + #"en @all","mentions":["u2","u3"],"mention_all":true}}"#),
        GoldenCase(
            "edit",
            #"{"type":"edit","id":7,"conversation":"general","client_id":"e1","target":42,"content":{"type":"text","te"#
                + #"xt":"hello!"}}"#),
        GoldenCase(
            "recall",
            #"{"type":"recall","id":7,"conversation":"general","client_id":"e2","target":42}"#),
        GoldenCase(
            "react",
            #"{"type":"react","id":7,"conversation":"general","client_id":"e3","target":42,"emoji":"👍","on":true}"#),
        GoldenCase(
            "unreact",
            #"{"type":"react","id":7,"conversation":"general","client_id":"e4","target":42,"emoji":"\u2764\ufe0f","on""#
                + #":false}"#, needs: [.heart]),
        GoldenCase(
            "pin",
            #"{"type":"pin","id":7,"conversation":"general","client_id":"e5","target":42,"on":true}"#),
        GoldenCase(
            "forward",
            #"{"type":"forward","id":7,"conversation":"general","client_id":"e6","from":{"conversation":"team","sequen"#
                + #"ce":9}}"#),
    ]

    private static let groups: [GoldenCase] = [
        GoldenCase(
            "create-group",
            #"{"type":"create","id":3,"client_id":"k1","kind":"group","title":"General","members":["u2","u3"]}"#),
        GoldenCase(
            "create-group-all",
            #"{"type":"create","id":3,"client_id":"k1","kind":"group","title":"General","members":["u2"],"member_cap":"#
                + #"10,"history_visible":false}"#),
        GoldenCase(
            "create-direct",
            #"{"type":"create","id":3,"client_id":"k2","kind":"direct","members":["u2"]}"#),
        GoldenCase(
            "add",
            #"{"type":"add","id":4,"client_id":"k3","conversation":"general","users":["u4"]}"#),
        GoldenCase(
            "remove",
            #"{"type":"remove","id":4,"client_id":"k4","conversation":"general","user":"u4"}"#, needs: [.danIsIn]),
        GoldenCase(
            "leave",
            #"{"type":"leave","id":4,"client_id":"k5","conversation":"general"}"#, by: .u2),
        GoldenCase(
            "role",
            #"{"type":"role","id":4,"client_id":"k6","conversation":"general","user":"u4","role":"administrator"}"#,
            needs: [.danIsIn]),
        GoldenCase(
            "create-group-rules",
            #"{"type":"create","id":3,"client_id":"k7","kind":"group","title":"News","members":["u2"],"description":"W"#
                + #"hat happened.\nEvery day.","avatar":"📰","rules":{"send":"administrators","invite":"members","mention_all"#
                + #"":"members","join":"approval","slow_ms":5000,"recall_ms":0,"receipts":false}}"#),
        GoldenCase(
            "change-title",
            #"{"type":"change","id":4,"conversation":"general","client_id":"k8","title":"Everybody"}"#),
        GoldenCase(
            "change",
            #"{"type":"change","id":4,"conversation":"general","client_id":"k9","title":"Everybody","description":"",""#
                + #"avatar":"","member_cap":1000,"history_visible":false,"rules":{"join":"closed","slow_ms":0}}"#),
        GoldenCase(
            "invite",
            #"{"type":"invite","id":4,"conversation":"general","client_id":"k10","users":["u4","u5"]}"#),
        GoldenCase(
            "join",
            #"{"type":"join","id":4,"conversation":"general","client_id":"k11"}"#, by: .u4, needs: [.danIsInvited]),
        GoldenCase(
            "join-link",
            #"{"type":"join","id":4,"client_id":"k12","link":"k7.x2"}"#, by: .u4, needs: [.link]),
        GoldenCase(
            "decline",
            #"{"type":"decline","id":4,"conversation":"general","client_id":"k13"}"#, by: .u4, needs: [.danIsInvited]),
        GoldenCase(
            "decline-other",
            #"{"type":"decline","id":4,"conversation":"general","client_id":"k14","user":"u4"}"#, needs: [.danAsks]),
        GoldenCase(
            "ban",
            #"{"type":"ban","id":4,"conversation":"general","client_id":"k15","user":"u4"}"#),
        GoldenCase(
            "unban",
            #"{"type":"unban","id":4,"conversation":"general","client_id":"k16","user":"u4"}"#, needs: [.danIsBanned]),
        GoldenCase(
            "transfer",
            #"{"type":"transfer","id":4,"conversation":"general","client_id":"k17","user":"u4"}"#, needs: [.danIsIn]),
        GoldenCase(
            "mute",
            #"{"type":"mute","id":4,"conversation":"general","client_id":"k18","user":"u4","until":1767229200000}"#,
            needs: [.danIsIn]),
        GoldenCase(
            "unmute",
            #"{"type":"mute","id":4,"conversation":"general","client_id":"k19","user":"u4","until":0}"#, needs: [.danIsIn]),
        GoldenCase(
            "link",
            #"{"type":"link","id":4,"conversation":"general","client_id":"k20"}"#),
        GoldenCase(
            "link-limited",
            #"{"type":"link","id":4,"conversation":"general","client_id":"k21","expires":1767229200000,"uses":10}"#),
        GoldenCase(
            "unlink",
            #"{"type":"unlink","id":4,"conversation":"general","client_id":"k22","link":"k7"}"#, needs: [.link]),
        GoldenCase(
            "dissolve",
            #"{"type":"dissolve","id":4,"conversation":"general","client_id":"k23"}"#),
    ]

    private static let questions: [GoldenCase] = [
        GoldenCase(
            "history-after",
            #"{"type":"history","id":9,"conversation":"general","after":41,"limit":50}"#),
        GoldenCase(
            "history-before",
            #"{"type":"history","id":9,"conversation":"general","before":41,"limit":50}"#),
        GoldenCase(
            "history-newest",
            #"{"type":"history","id":9,"conversation":"general"}"#),
        GoldenCase(
            "sync-first",
            #"{"type":"sync","id":2}"#),
        GoldenCase(
            "sync",
            #"{"type":"sync","id":2,"epoch":"e7","token":"1.88213","positions":{"general":41,"team":7}}"#),
        GoldenCase(
            "members",
            #"{"type":"members","id":6,"conversation":"general","after_slot":0,"limit":100}"#),
        GoldenCase(
            "users",
            #"{"type":"users","id":8,"users":["u1","u9"]}"#),
        GoldenCase(
            "ping",
            #"{"type":"ping","id":10}"#),
        GoldenCase(
            "thread",
            #"{"type":"thread","id":9,"conversation":"general","root":12,"after":0,"limit":50}"#),
        GoldenCase(
            "revisions",
            #"{"type":"revisions","id":9,"conversation":"general","sequence":42,"after":0,"limit":50}"#, needs: [.edit]),
        GoldenCase(
            "reactions",
            #"{"type":"reactions","id":9,"conversation":"general","sequence":42,"emoji":"👍","after":"u2","limit":50}"#,
            needs: [.thumb]),
        GoldenCase(
            "reactions-first",
            #"{"type":"reactions","id":9,"conversation":"general","sequence":42,"emoji":"👍"}"#, needs: [.thumb]),
        GoldenCase(
            "pins",
            #"{"type":"pins","id":9,"conversation":"general"}"#, needs: [.pin]),
        GoldenCase(
            "mentions",
            #"{"type":"mentions","id":9,"conversation":"general","after":40,"limit":50}"#, needs: [.mention]),
        GoldenCase(
            "audit",
            #"{"type":"audit","id":9,"conversation":"general","before":500,"limit":50}"#),
        GoldenCase(
            "audit-newest",
            #"{"type":"audit","id":9,"conversation":"general"}"#),
        GoldenCase(
            "links",
            #"{"type":"links","id":6,"conversation":"general"}"#, needs: [.link]),
        GoldenCase(
            "link-info",
            #"{"type":"link_info","id":6,"link":"k7.x2"}"#, needs: [.link]),
        GoldenCase(
            "members-changed",
            #"{"type":"members","id":6,"conversation":"general","version":"1.88213","limit":100}"#),
        GoldenCase(
            "members-banned",
            #"{"type":"members","id":6,"conversation":"general","state":"banned","after":"u4","limit":100}"#,
            needs: [.danIsBanned]),
        GoldenCase(
            "members-requested",
            #"{"type":"members","id":6,"conversation":"general","state":"requested"}"#, needs: [.danAsks]),
        GoldenCase(
            "receipts",
            #"{"type":"receipts","id":5,"conversation":"general","sequences":[40,42]}"#),
        GoldenCase(
            "receipts-newest",
            #"{"type":"receipts","id":5,"conversation":"general"}"#),
        GoldenCase(
            "readers",
            #"{"type":"readers","id":5,"conversation":"general","sequence":40,"list":"unread","after_slot":3,"limit":1"#
                + #"00}"#),
        GoldenCase(
            "receipt-record",
            #"{"type":"receipt_record","id":5,"conversation":"general","sequence":40}"#),
        GoldenCase(
            "blocks",
            #"{"type":"blocks","id":5}"#, needs: [.block]),
        GoldenCase(
            "reports",
            #"{"type":"reports","id":5,"conversation":"general","before":18,"limit":50}"#, needs: [.reported]),
        GoldenCase(
            "presence",
            #"{"type":"presence","id":5,"users":["u2","u3"],"watch":true}"#, onlySocket: true),
        GoldenCase(
            "presence-conversation",
            #"{"type":"presence","id":5,"conversation":"general"}"#),
    ]

    private static let settings: [GoldenCase] = [
        GoldenCase(
            "auth-token",
            #"{"type":"auth","id":1,"token":"pa1.x.y"}"#, onlySocket: true),
        GoldenCase(
            "auth-ticket",
            #"{"type":"auth","id":1,"ticket":"pt1.abc"}"#, onlySocket: true),
        GoldenCase(
            "notify",
            #"{"type":"notify","id":5,"conversation":"general","level":"mentions"}"#),
        GoldenCase(
            "preferences",
            #"{"type":"preferences","id":5,"receipts":false,"presence":false}"#),
        GoldenCase(
            "preferences-asked",
            #"{"type":"preferences","id":5}"#),
        GoldenCase(
            "preferences-one",
            #"{"type":"preferences","id":5,"presence":true}"#),
        GoldenCase(
            "block",
            #"{"type":"block","id":5,"user":"u9","on":true}"#),
        GoldenCase(
            "report",
            #"{"type":"report","id":5,"conversation":"general","sequence":40,"reason":"spam"}"#, needs: [.theirs]),
        GoldenCase(
            "resolve",
            #"{"type":"resolve","id":5,"conversation":"general","sequence":40}"#, needs: [.reported]),
        GoldenCase(
            "data",
            #"{"type":"data","id":5,"conversation":"general","data":{"color":"red"}}"#),
        GoldenCase(
            "data-account",
            #"{"type":"data","id":5,"data":{}}"#),
        GoldenCase(
            "data-question",
            #"{"type":"data","id":5,"conversation":"general"}"#, needs: [.data]),
        GoldenCase(
            "data-account-question",
            #"{"type":"data","id":5}"#, needs: [.data]),
        GoldenCase(
            "typing",
            #"{"type":"typing","id":5,"conversation":"general"}"#, onlySocket: true),
        GoldenCase(
            "follow",
            #"{"type":"follow","id":5,"conversation":"general","push":false}"#, onlySocket: true),
    ]
}
