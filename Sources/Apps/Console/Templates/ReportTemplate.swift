extension Template {
    static let reportText = """
        {{<layout}}{{$content}}
        <p class="lead">{{report.practice}}</p>
        {{^report.run}}<p class="warning"><strong>Never compared.</strong> No comparison covers this.</p>{{/report.run}}
        {{#report.run}}
        <p>Compared <strong>{{days}}</strong> at <time datetime="{{at.iso}}">{{at.text}}</time>, by the rules
        {{rules}}.</p>
        {{#agreement}}<p class="lead"><strong>{{agreement}}</strong> agree, matched or explained.</p>{{/agreement}}
        {{^agreement}}<p class="warning"><strong>Agreement is not known.</strong> Some findings are withheld, because the
        feed was behind.</p>{{/agreement}}
        <ul class="numbers">{{#figures}}<li><span class="value">{{value}}</span> {{label}}</li>{{/figures}}</ul>
        <ul class="plain soft">{{#sources}}<li>{{label}}: {{value}}</li>{{/sources}}</ul>
        {{/report.run}}
        {{#csvLink}}<p class="screen"><a class="button quiet" href="{{csvLink}}">Download as CSV</a></p>{{/csvLink}}
        <h2>Findings</h2>
        {{^report.lines}}<p>There are none.</p>{{/report.lines}}
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
        <br><span class="soft">since {{since.text}}</span></td></tr>
        {{/report.lines}}
        </tbody>
        </table>
        {{/empty(report.lines)}}
        {{#report.run}}
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
        {{/report.run}}
        {{/content}}{{/layout}}
        """
}
