extension Template {
    /// The outer table is the sheet: its head stands on every printed page. It says nothing to a screen reader.
    static let reportText = """
        {{<layout}}{{$content}}
        {{#tools}}
        {{> filters}}
        <p class="screen"><a class="button quiet" href="{{csv}}">Download as CSV</a>
        <a class="button quiet" href="{{json}}">Download as JSON</a>
        <span class="soft">To print it, or keep it as PDF: your browser's Print. Each page bears the heading.</span></p>
        {{/tools}}
        <table class="sheet" role="presentation">
        <thead><tr><td><p class="running">Scheduling report: {{report.practice}}{{#report.round}}, {{days}}, as of {{at.text}}{{/report.round}}</p></td></tr></thead>
        <tbody><tr><td>
        <p class="lead">{{report.practice}}</p>
        {{^report.round}}<p class="warning"><strong>Never compared.</strong> No comparison ended then, so nothing can be said
        of its agreement.</p>{{/report.round}}
        {{#report.round}}
        <p>Compared <strong>{{days}}</strong> at <time datetime="{{at.iso}}">{{at.text}}</time>, by the rules
        {{rules}}.</p>
        {{#report.isPast}}<p>The findings are those that it left, as they stood then; what became of them since is not in here.
        What each side says of one is as it was last seen.</p>{{/report.isPast}}
        {{#doubt}}<p class="warning"><strong>Not everything is known:</strong> {{doubt}}.</p>{{/doubt}}
        {{> comparisons}}
        {{/report.round}}
        <h2>What to do: {{report.openWords}}</h2>
        {{#empty(report.causes)}}<p>{{#report.round}}No finding is open: what was judged agrees, or is explained.{{/report.round}}{{^report.round}}None, for nothing was compared.{{/report.round}}</p>{{/empty(report.causes)}}
        {{^empty(report.causes)}}
        <table>
        <caption>Open findings by cause, and by how long they have been open. One appointment may have more than one.</caption>
        <thead><tr><th scope="col">Why</th><th scope="col" class="n">All</th><th scope="col" class="n">Since today</th>
        <th scope="col" class="n">1 to 2 days</th><th scope="col" class="n">3 days or more</th></tr></thead>
        <tbody>
        {{#report.causes}}
        <tr><th scope="row">{{words}}</th>
        <td class="n" data-label="All">{{#link}}<a href="{{link}}">{{total}}</a>{{/link}}{{^link}}{{total}}{{/link}}</td>
        {{#ages}}<td class="n" data-label="{{label}}">{{#href}}<a href="{{href}}">{{count}}</a>{{/href}}{{^href}}{{count}}{{/href}}</td>{{/ages}}</tr>
        {{/report.causes}}
        </tbody>
        </table>
        {{/empty(report.causes)}}
        {{^empty(report.flags)}}
        <h3>Look at these</h3>
        <table>
        <caption>Appointments on record here about which the messages said something odd. Nobody is accused; look whether the PM
        has what was meant.</caption>
        <thead><tr><th scope="col">What</th><th scope="col" class="n">Appointments</th></tr></thead>
        <tbody>
        {{#report.flags}}<tr><th scope="row">{{words}}</th>
        <td class="n" data-label="Appointments">{{#href}}<a href="{{href}}">{{count}}</a>{{/href}}{{^href}}{{count}}{{/href}}</td></tr>
        {{/report.flags}}
        </tbody>
        </table>
        {{/empty(report.flags)}}
        {{^empty(report.days)}}
        <h3>Whole days</h3>
        <table>
        <caption>Days that the PM cancelled or transferred as one. Findings below that are alike count here as one line.</caption>
        <thead><tr><th scope="col">Day</th><th scope="col">Of</th><th scope="col">What</th>
        <th scope="col" class="n">Appointments</th><th scope="col" class="n">Open findings</th><th scope="col">When</th></tr></thead>
        <tbody>
        {{#report.days}}<tr><th scope="row">{{day}}</th><td data-label="Of">{{who}}</td><td data-label="What">{{what}}</td>
        <td class="n" data-label="Appointments">{{#link}}<a href="{{link}}">{{count}}</a>{{/link}}{{^link}}{{count}}{{/link}}</td>
        <td class="n" data-label="Open findings">{{open}}</td><td data-label="When">{{at.text}}</td></tr>
        {{/report.days}}
        </tbody>
        </table>
        {{/empty(report.days)}}
        {{#report.groups}}
        <h3>{{title}}</h3>
        <table class="findings">
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">Appointment</th><th scope="col">Patient</th><th scope="col">What, why and the mend</th>
        <th scope="col">In the PM</th><th scope="col">Here</th><th scope="col">In the app</th></tr></thead>
        <tbody>
        {{#lines}}
        <tr><th scope="row">{{#link}}<a class="w" href="{{link}}">{{start}}</a>{{/link}}{{^link}}<span class="w">{{start}}</span>{{/link}}
        {{#location}}<br><span class="soft">{{location}}</span>{{/location}}{{#provider}}<br><span class="soft">{{provider}}</span>{{/provider}}</th>
        <td data-label="Patient"><span class="w">{{patient}}</span></td>
        <td data-label="What, why and the mend"><strong>{{what}}</strong> ({{against}}). {{why}} {{mend}}
        <span class="soft">Since {{since.text}}.</span></td>
        <td data-label="In the PM">{{pm}}</td><td data-label="Here">{{here}}</td><td data-label="In the app">{{app}}</td></tr>
        {{/lines}}
        </tbody>
        </table>
        {{#more}}<p>{{more}}</p>{{/more}}
        {{/report.groups}}
        {{#report.round}}
        {{#breakdowns}}
        <h2>{{caption}}</h2>
        {{^addsUp}}<p class="problem"><strong>These do not add up</strong> to the numbers of the comparison above. Tell your
        operator.</p>{{/addsUp}}
        <table class="numbers-table">
        <caption>{{caption}}: how each appointment was judged. The rows add up to the comparison's numbers.</caption>
        <thead><tr><th scope="col">{{head}}</th><th scope="col" class="n">In the PM</th><th scope="col" class="n">Here</th>
        <th scope="col" class="n">In the app</th><th scope="col" class="n">Compared</th><th scope="col" class="n">Matched</th>
        <th scope="col" class="n">Explained</th><th scope="col" class="n">Withheld</th><th scope="col" class="n">Open</th></tr></thead>
        <tbody>
        {{#lines}}<tr><th scope="row">{{name}}</th>{{> cells}}</tr>
        {{/lines}}
        </tbody>
        </table>
        {{/breakdowns}}
        {{^empty(explanations)}}
        <h2>Explained</h2>
        <table>
        <caption>What looked like a difference and is none, by the rule that says so. One appointment may have more than
        one.</caption>
        <thead><tr><th scope="col">Rule</th><th scope="col">How often</th></tr></thead>
        <tbody>
        {{#explanations}}<tr><th scope="row">{{label}}</th>
        <td data-label="How often">{{#values}}{{with}}: {{#link}}<a href="{{link}}">{{count}}</a>{{/link}}{{^link}}{{count}}{{/link}} {{/values}}</td></tr>
        {{/explanations}}
        </tbody>
        </table>
        {{/empty(explanations)}}
        {{/report.round}}
        </td></tr></tbody>
        </table>
        {{/content}}{{/layout}}
        """

    /// What was compared with what, how it was judged, and as of when; expects `comparisons`, `addsUp` and `sources` in
    /// reach.
    static let comparisonsText = """
        {{^addsUp}}<p class="problem"><strong>The numbers do not add up.</strong> Tell your operator; do not rely on
        them.</p>{{/addsUp}}
        <table class="numbers-table">
        <caption>How each appointment was judged: those compared are the matched, the explained, the withheld and the open
        ones together.</caption>
        <thead><tr><th scope="col">Between</th><th scope="col" class="n">In the PM</th><th scope="col" class="n">Here</th>
        <th scope="col" class="n">In the app</th><th scope="col" class="n">Compared</th><th scope="col" class="n">Matched</th>
        <th scope="col" class="n">Explained</th><th scope="col" class="n">Withheld</th><th scope="col" class="n">Open</th>
        <th scope="col" class="n">Agreement</th></tr></thead>
        <tbody>
        {{#comparisons}}
        <tr><th scope="row">{{name}}</th>{{> cells}}
        <td class="n" data-label="Agreement">{{#agreement}}<strong class="w">{{agreement}}</strong>{{/agreement}}{{^agreement}}not known{{/agreement}}</td></tr>
        {{/comparisons}}
        </tbody>
        </table>
        <ul class="plain">
        {{#comparisons}}{{#withheld}}<li><span class="tag soft">◌ Withheld</span> {{name}}: {{withheld}}</li>{{/withheld}}{{/comparisons}}
        {{#sources}}<li{{^trouble}} class="soft"{{/trouble}}>{{#trouble}}<span class="tag bad">✕ {{trouble}}</span> {{/trouble}}{{name}}: {{words}}</li>
        {{/sources}}
        </ul>
        """

    /// The numbers of a row, each with the way to its members.
    static let cellsText = """
        {{#cells}}<td class="n" data-label="{{label}}">{{#link}}<a href="{{link}}">{{value}}</a>{{/link}}{{^link}}{{value}}{{/link}}</td>
        {{/cells}}
        """
}
