extension Template {
    static let reportText = """
        {{<layout}}{{$content}}
        <p class="lead">{{report.practice}}</p>
        {{^report.round}}<p class="warning"><strong>Never compared.</strong> No comparison covers this.</p>{{/report.round}}
        {{#report.round}}
        <p>Compared <strong>{{days}}</strong> at <time datetime="{{at.iso}}">{{at.text}}</time>, by the rules
        {{rules}}.</p>
        {{#doubt}}<p class="warning"><strong>Agreement is not known:</strong> {{doubt}}.</p>{{/doubt}}
        {{> comparisons}}
        {{/report.round}}
        {{#csvLink}}<p class="screen"><a class="button quiet" href="{{csvLink}}">Download as CSV</a></p>{{/csvLink}}
        <h2>Findings</h2>
        {{^report.lines}}<p>{{#report.round}}No finding: what was compared agrees, or is explained.{{/report.round}}
        {{^report.round}}None, for nothing was compared.{{/report.round}}</p>{{/report.lines}}
        {{^empty(report.lines)}}
        <table>
        <caption>What differs, the oldest appointment first</caption>
        <thead><tr><th scope="col">Appointment</th><th scope="col">Patient</th><th scope="col">What, why and the mend</th>
        <th scope="col">In the PM</th><th scope="col">Here</th><th scope="col">In the app</th><th scope="col">State</th></tr>
        </thead>
        <tbody>
        {{#report.lines}}
        <tr><th scope="row">{{#csvLink}}<a class="w" href="{{link}}">{{start}}</a>{{/csvLink}}{{^csvLink}}{{start}}{{/csvLink}}</th>
        <td data-label="Patient"><span class="w">{{patient}}</span></td>
        <td data-label="What, why and the mend"><strong>{{what}}.</strong> {{why}} {{mend}}</td>
        <td data-label="In the PM">{{pm}}</td><td data-label="Here">{{here}}</td><td data-label="In the app">{{app}}</td>
        <td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span>
        <br><span class="soft">{{against}}, since {{since.text}}</span></td></tr>
        {{/report.lines}}
        </tbody>
        </table>
        {{/empty(report.lines)}}
        {{#report.round}}
        {{^empty(explanations)}}
        <h2>Explained</h2>
        <table>
        <caption>What looked like a difference and is none</caption>
        <thead><tr><th scope="col">Why</th><th scope="col" class="n">How often</th></tr></thead>
        <tbody>
        {{#explanations}}<tr><th scope="row">{{label}}</th><td class="n" data-label="How often">{{value}}</td></tr>{{/explanations}}
        </tbody>
        </table>
        {{/empty(explanations)}}
        {{/report.round}}
        {{/content}}{{/layout}}
        """

    /// What was compared with what, how it was judged, and as of when; expects `comparisons` and `sources` in reach.
    static let comparisonsText = """
        <table>
        <caption>How each appointment was judged: those compared are the matched, the explained, the withheld and the
        open ones together.</caption>
        <thead><tr><th scope="col">Between</th><th scope="col" class="n">In the PM</th><th scope="col" class="n">Here</th>
        <th scope="col" class="n">In the app</th><th scope="col" class="n">Compared</th>
        <th scope="col" class="n">Matched</th><th scope="col" class="n">Explained</th>
        <th scope="col" class="n">Withheld</th><th scope="col" class="n">Open</th><th scope="col" class="n">Agreement</th>
        </tr></thead>
        <tbody>
        {{#comparisons}}
        <tr><th scope="row">{{sides}}</th>
        {{#cells}}<td class="n" data-label="{{label}}">{{#link}}<a href="{{link}}">{{value}}</a>{{/link}}{{^link}}{{value}}{{/link}}</td>
        {{/cells}}
        <td class="n" data-label="Agreement">{{#agreement}}<strong class="w">{{agreement}}</strong>{{/agreement}}{{^agreement}}not known{{/agreement}}</td></tr>
        {{/comparisons}}
        </tbody>
        </table>
        <ul class="plain">
        {{#comparisons}}{{#withheld}}<li><span class="tag soft">◌ Withheld</span> {{sides}}: {{withheld}}</li>{{/withheld}}{{/comparisons}}
        {{#sources}}<li{{^trouble}} class="soft"{{/trouble}}>{{#trouble}}<span class="tag bad">✕ {{trouble}}</span> {{/trouble}}{{name}}: {{words}}</li>
        {{/sources}}
        </ul>
        """
}
